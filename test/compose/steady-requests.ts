import { setTimeout as delay } from 'node:timers/promises';
import type { Visitor } from './visitor.ts';

const EVERY_MS = 50;

/** How requests to one plugin went. */
export interface Tally {
  sent: number;
  failed: number;
  lastFailure?: string;
}

/** Asks plugins again and again, by turns through every gateway, and counts. */
export class SteadyRequests {
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly #visitor: Visitor;
  readonly #origins: readonly string[];
  readonly #stopped = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(visitor: Visitor, origins: readonly string[], plugins: readonly string[]) {
    this.#visitor = visitor;
    this.#origins = origins;
    this.tallies = new Map(plugins.map((id) => [id, { sent: 0, failed: 0 }]));
    this.#running = Promise.all([...this.tallies].map(([id, tally]) => this.#ask(id, tally)));
  }

  async stop(): Promise<ReadonlyMap<string, Tally>> {
    this.#stopped.abort();
    await this.#running;
    return this.tallies;
  }

  async #ask(id: string, tally: Tally): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const origin = this.#origins[tally.sent++ % this.#origins.length] ?? '';
      const failure = await this.#visitor.failureOf(origin, id);
      if (failure !== undefined) {
        tally.failed += 1;
        tally.lastFailure = failure;
      }
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
