import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { UpstreamInstance } from '../upstream/instance.ts';

/** What an instance says when it is asked for its document. */
export type Fetched =
  | { readonly kind: 'text'; readonly text: string; readonly etag: string | undefined }
  /** It still has the document with the tag that was shown. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'none' | 'broken' | 'unreachable'; readonly reason: string };

/** What is asked for. */
export interface Question {
  readonly path: string;
  /** The tag of the document that is known. */
  readonly etag: string | undefined;
}

const DEADLINE_MS = 3_000;
const LONGEST = 2 * 1024 * 1024;

/** These say that there is nothing of this name, not that something is wrong. */
const NO_SUCH_THING: ReadonlySet<number> = new Set([404, 405, 410, 501]);

/** Asks an instance, past guards and middleware, within 3 s and up to 2 MiB. Never rejects. */
export async function fetchDescription(instance: UpstreamInstance, question: Question): Promise<Fetched> {
  try {
    return await answerOf(await ask(instance, question));
  } catch (error) {
    const { name, code } = error as Error & { code?: string };
    const reason = name === 'AbortError' ? `no answer within ${DEADLINE_MS / 1000} s` : (code ?? name);
    return { kind: 'unreachable', reason };
  }
}

async function ask(instance: UpstreamInstance, { path, etag }: Question): Promise<IncomingMessage> {
  const request = instance.request({
    path,
    // A connection of its own: none that the instance is just closing.
    agent: false,
    signal: AbortSignal.timeout(DEADLINE_MS),
    headers: {
      host: instance.host,
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
    },
  });
  // Errors behind the head reach whoever reads the body.
  request.on('error', () => undefined);
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

async function answerOf(response: IncomingMessage): Promise<Fetched> {
  const { statusCode: status = 0, headers } = response;
  if (status !== 200) {
    response.destroy();
    return status === 304
      ? { kind: 'unchanged' }
      : { kind: refusal(status), reason: `it answered ${status}` };
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST) return { kind: 'broken', reason: 'it is longer than 2 MiB' };
    chunks.push(chunk);
  }
  return { kind: 'text', text: Buffer.concat(chunks).toString(), etag: headers.etag };
}

function refusal(status: number): 'none' | 'broken' {
  return NO_SUCH_THING.has(status) ? 'none' : 'broken';
}
