import { Transform, type Readable, type TransformCallback } from 'node:stream';
import type { Exchange } from './exchange.ts';
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

/** Counts the bytes of an answer's body; `exceeded` is called once, before those beyond the limit go on. */
export function limitResponse(body: Readable, limit: number, exceeded: () => void): void {
  let left = limit;
  body.on('data', (chunk: Buffer) => {
    const fitted = left >= 0;
    left -= chunk.length;
    if (fitted && left < 0) exceeded();
  });
}
