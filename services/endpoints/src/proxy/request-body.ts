import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';

/** Bodies up to this size are kept, so that they can be sent a second time. */
export const SMALL_BODY = 64 * 1024;

/** A request's body as it is sent on. */
export interface RequestBody {
  readonly content: Buffer | PassThrough | null;
  /** Whether it can be sent a second time. */
  readonly isKept: boolean;
  /** Its `Content-Length`, where it is a stream that has one. */
  readonly length?: string | undefined;
}

/** Takes the body of a request; resolves at once, but for small ones. Rejects when the client goes. */
export async function takeBody(request: IncomingMessage): Promise<RequestBody> {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding !== undefined) return { content: passedOn(request), isKept: false };
  const size = Number(length ?? 0);
  if (size === 0) return { content: null, isKept: true };
  if (size <= SMALL_BODY) return { content: await buffer(request), isKept: true };
  return { content: passedOn(request), isKept: false, length };
}

/** A stream that the HTTP client may destroy, when the answer comes first, without cutting the client's connection. */
function passedOn(request: IncomingMessage): PassThrough {
  const stream = new PassThrough();
  // Without a listener an end on the way would end the process; `close` follows.
  stream.on('error', () => undefined);
  // What is still to come is read and forgotten, or the client would not read its answer.
  stream.once('close', () => request.unpipe(stream).resume());
  return request.pipe(stream);
}
