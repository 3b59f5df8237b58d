import { type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { Fault } from './check.ts';

/** A request to a plugin. */
export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What it answers; of a stream only what came at once. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Longer than any answer takes that a visitor would wait for. */
const TIMEOUT_MS = 5000;
const LONGEST_BODY = 8 * 1024 * 1024;

/** Asks on a connection of its own, follows nothing. Throws a `Fault` where there is no answer. */
export function ask(url: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, timeoutMs = TIMEOUT_MS, signal } = question;
  const overdue = AbortSignal.timeout(timeoutMs);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = url.startsWith('https:') ? secureRequest : plainRequest;
  const what = `${method} ${new URL(url).pathname}`;
  const fail = (error: NodeJS.ErrnoException): void => {
    if (signal?.aborted) reject(error);
    else reject(overdue.aborted ? late(what, timeoutMs) : broken(what, error));
  };
  const asked = request(
    url,
    { method, headers, agent: false, signal: AbortSignal.any([overdue, ...(signal ? [signal] : [])]) },
    (response) => {
      read(response).then(resolve, fail);
    },
  );
  asked.on('error', fail);
  asked.end();
  return promise;
}

async function read(response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  const isStream = /^\s*text\/event-stream/i.test(headers['content-type'] ?? '');
  const chunks: Buffer[] = [];
  let length = 0;
  if (!isStream) {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > LONGEST_BODY) break;
    }
  }
  response.destroy();
  return { status, headers, text: Buffer.concat(chunks).toString('utf8') };
}

function late(what: string, timeoutMs: number): Fault {
  return new Fault({
    code: 'MESH_UPSTREAM_TIMEOUT',
    seen: `${what} is not answered within ${timeoutMs / 1000} s`,
    fix: 'answer every request, if only with an error',
  });
}

function broken(what: string, error: NodeJS.ErrnoException): Fault {
  const how = error.code?.startsWith('HPE_')
    ? 'is answered with something that is not HTTP'
    : `is not answered: ${error.code ?? error.message}`;
  return new Fault({ code: 'MESH_UPSTREAM_FAILED', seen: `${what} ${how}` });
}
