import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Server } from 'node:http';

/** What is asked, with any header. */
export interface Ask {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: Record<string, unknown>;
}

/** Asks a server of this process. Rejects when the answer is cut. */
export async function ask(
  server: Server,
  path: string,
  { method = 'GET', headers = {}, body }: Ask = {},
): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  const isFramed = body === undefined || 'transfer-encoding' in headers;
  const framing = isFramed ? {} : { 'content-length': Buffer.byteLength(body) };
  const options = { host: '127.0.0.1', port, path, method, agent: false };
  const sent = request({ ...options, headers: { ...framing, ...headers } });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const said = await text(answer);
  const isJson = /json/.test(answer.headers['content-type'] ?? '');
  const json = (isJson ? JSON.parse(said) : {}) as Record<string, unknown>;
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: said, json };
}
