import { setTimeout as delay } from 'node:timers/promises';

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
  readonly #origins: readonly string[];
  readonly #stopped = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(origins: readonly string[], plugins: readonly string[]) {
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
      const failure = await failureOf(`${origin}/api/${id}/`);
      if (failure !== undefined) {
        tally.failed += 1;
        tally.lastFailure = failure;
      }
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Why a GET was not answered with 200; undefined when it was. */
export async function failureOf(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    const text = await response.text();
    return response.ok ? undefined : `${response.status} ${text.slice(0, 200)}`;
  } catch (error) {
    return String((error as Error).cause ?? error);
  }
}
