import { Transform, type TransformCallback } from 'node:stream';

/** Passes a body of unknown length on and reports once when it is longer than allowed. */
export class BodyLimit extends Transform {
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
