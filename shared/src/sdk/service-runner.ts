import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log/index.ts';
import type { ServiceFunction } from './definition.ts';

/** How long a failed service waits before it is started again. */
export interface BackOff {
  readonly firstMs: number;
  readonly longestMs: number;
  /** A run that lasted longer counts as a success: the next wait is the first again. */
  readonly steadyMs: number;
}

const BACK_OFF: BackOff = { firstMs: 500, longestMs: 30_000, steadyMs: 60_000 };

/** Runs background work, and starts it again when it fails. */
export class ServiceRunner {
  readonly #log: Log;
  readonly #backOff: BackOff;
  readonly #services = new Map<string, ServiceFunction>();
  readonly #abort = new AbortController();
  #running: Promise<void>[] | undefined;

  constructor(log: Log, backOff: BackOff = BACK_OFF) {
    this.#log = log;
    this.#backOff = backOff;
  }

  /** Adds a service; once the runner has started, it begins at once. */
  add(name: string, run: ServiceFunction): void {
    if (this.#services.has(name)) throw new Error(`there is a service '${name}' already`);
    this.#services.set(name, run);
    this.#running?.push(this.#keepRunning(name, run));
  }

  start(): void {
    this.#running ??= [...this.#services].map(([name, run]) => this.#keepRunning(name, run));
  }

  /** Aborts the services' signal and waits until all of them have ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running ?? []);
  }

  async #keepRunning(name: string, run: ServiceFunction): Promise<void> {
    const { signal } = this.#abort;
    let waitMs = this.#backOff.firstMs;
    while (!signal.aborted) {
      const startedAt = performance.now();
      const failure = await outcome(run, signal);
      // A service that returns has done its work.
      if (!failure) return;
      if (performance.now() - startedAt > this.#backOff.steadyMs) waitMs = this.#backOff.firstMs;
      this.#log.error({ err: failure.error, service: name, waitMs }, 'a service failed; starting it again');
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, this.#backOff.longestMs);
    }
  }
}

/** The failure of one run, or undefined when it ended as it should. */
async function outcome(run: ServiceFunction, signal: AbortSignal): Promise<{ error: unknown } | undefined> {
  try {
    await run(signal);
    return undefined;
  } catch (error) {
    // Told to stop, a service usually ends with an AbortError.
    return signal.aborted ? undefined : { error };
  }
}
