import type { IncomingMessage } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import type { Permission } from '../routes/route.ts';
import type { BodyKind, Exchange } from './exchange.ts';
import { bodyTooLarge } from './failure.ts';

/** Passes a body of unknown length on and reports once when it is longer than allowed. */
class BodyLimit extends Transform {
  readonly #exceeded: () => void;
  #left: number;

  constructor(limit: number, exceeded: () => void) {
    super();
    this.#left = limit;
    this.#exceeded = exceeded;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const fitted = this.#left >= 0;
    this.#left -= chunk.length;
    if (this.#left >= 0) {
      done(null, chunk);
      return;
    }
    if (fitted) this.#exceeded();
    done();
  }
}

/** Counts the bytes of a request's body that did not say how long it is, and stops one beyond the route's limit. */
export function limitBody(exchange: Exchange): void {
  const { maxBody } = exchange.permission;
  const limit = new BodyLimit(maxBody, () => {
    exchange.req.unpipe(limit);
    exchange.stop(bodyTooLarge(maxBody));
  });
  exchange.body = exchange.req.pipe(limit);
}

/** How the body of a request is framed. Throws MESH_BODY_TOO_LARGE when it says that it is longer than the route allows. */
export function bodyKindOf({ headers }: IncomingMessage, { maxBody }: Permission): BodyKind {
  if (headers['transfer-encoding'] !== undefined) return 'chunked';
  const length = headers['content-length'] ?? '0';
  if (Number(length) > maxBody) throw bodyTooLarge(maxBody);
  return length === '0' ? 'none' : 'length';
}
