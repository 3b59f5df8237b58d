import { MeshError } from '@plugmesh/sdk';

/** Lets so much expensive work be done at once, and so much of it wait. */
export class WorkLimit {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor({ atOnce, waiting }: { readonly atOnce: number; readonly waiting: number }) {
    this.#atOnce = atOnce;
    this.#mostWaiting = waiting;
  }

  /** Does the work when it is its turn. Rejects with MESH_OVERLOADED when too many are waiting. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active < this.#atOnce) this.#active += 1;
    else await this.#wait();
    try {
      return await work();
    } finally {
      // Whoever is next goes on in our place.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#active -= 1;
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting)
      throw new MeshError('MESH_OVERLOADED', 'too many passwords are being checked', {
        fix: 'Try again in a few seconds.',
      });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
