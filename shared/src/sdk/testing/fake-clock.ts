import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

interface Waiting {
  readonly dueAt: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test turns it. */
export class FakeClock implements Clock {
  #now: number;
  readonly #waiting = new Set<Waiting>();

  /** `now`: milliseconds since 1970. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const waiting: Waiting = { dueAt: this.#now + ms, wake: () => end(() => resolve(undefined)) };
    // As `node:timers/promises` rejects.
    const abort = (): void => end(() => reject(new DOMException('The operation was aborted', 'AbortError')));
    const end = (settle: () => void): void => {
      this.#waiting.delete(waiting);
      signal?.removeEventListener('abort', abort);
      settle();
    };
    this.#waiting.add(waiting);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort);
    return promise;
  }

  /** Lets so many milliseconds pass. Whoever waits is woken in order, and has run as far as it can before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    // What has just been started comes to its first wait.
    await turn();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = next.dueAt;
      next.wake();
      await turn();
    }
    this.#now = end;
  }

  #next(until: number): Waiting | undefined {
    const due = [...this.#waiting].filter(({ dueAt }) => dueAt <= until);
    return due.sort((a, b) => a.dueAt - b.dueAt)[0];
  }
}
