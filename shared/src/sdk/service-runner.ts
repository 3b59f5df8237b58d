import type { Log } from '../log/index.ts';
import { SYSTEM_CLOCK, type Clock } from './clock.ts';

/** Work in the background; it ends when `signal` is aborted. */
export type ServiceFunction<State = undefined> = (signal: AbortSignal, state: State) => Promise<void>;

/** Adds a service. `state` is handed to every run of it, so that what it has gathered outlives its failures. */
export interface AddService {
  (name: string, run: ServiceFunction): void;
  <State>(name: string, run: ServiceFunction<State>, state: State): void;
}

/** How a service is, as the plugin's health route shows it. */
export interface ServiceStatus {
  /** `waiting`: it has failed and is started again soon. `ended`: its work is done. */
  readonly state: 'running' | 'waiting' | 'ended';
  readonly failures: number;
}

/** How long a failed service waits before it is started again. */
export interface BackOff {
  readonly firstMs: number;
  readonly longestMs: number;
  /** A run that lasted longer counts as a success: the next wait is the first again. */
  readonly steadyMs: number;
}

const BACK_OFF: BackOff = { firstMs: 500, longestMs: 30_000, steadyMs: 60_000 };

/** What a runner works with besides the log. */
export interface ServiceRunnerOptions {
  readonly clock?: Clock;
  readonly backOff?: BackOff;
}

interface Service {
  readonly name: string;
  readonly run: (signal: AbortSignal) => Promise<void>;
  status: ServiceStatus;
}

/** Runs background work, and starts it again when it fails. */
export class ServiceRunner {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #backOff: BackOff;
  readonly #services = new Map<string, Service>();
  readonly #abort = new AbortController();
  #running: Promise<void>[] | undefined;

  constructor(log: Log, { clock = SYSTEM_CLOCK, backOff = BACK_OFF }: ServiceRunnerOptions = {}) {
    this.#log = log;
    this.#clock = clock;
    this.#backOff = backOff;
  }

  /** Adds a service; once the runner has started, it begins at once. */
  add(name: string, run: (signal: AbortSignal) => Promise<void>): void {
    if (this.#services.has(name)) throw new Error(`there is a service '${name}' already`);
    const service: Service = { name, run, status: { state: 'running', failures: 0 } };
    this.#services.set(name, service);
    this.#running?.push(this.#keepRunning(service));
  }

  /** How each service is, by its name. */
  statuses(): Readonly<Record<string, ServiceStatus>> {
    return Object.fromEntries([...this.#services].map(([name, { status }]) => [name, status]));
  }

  start(): void {
    this.#running ??= [...this.#services.values()].map((service) => this.#keepRunning(service));
  }

  /** Aborts the services' signal and waits until all of them have ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running ?? []);
  }

  async #keepRunning(service: Service): Promise<void> {
    const { signal } = this.#abort;
    let waitMs = this.#backOff.firstMs;
    while (!signal.aborted) {
      const startedAt = this.#clock.now();
      service.status = { ...service.status, state: 'running' };
      const failure = await outcome(service.run, signal);
      // A service that returns has done its work.
      if (!failure) break;
      if (this.#clock.now() - startedAt > this.#backOff.steadyMs) waitMs = this.#backOff.firstMs;
      this.#log.error(
        { err: failure.error, service: service.name, waitMs },
        'a service failed; starting it again',
      );
      service.status = { state: 'waiting', failures: service.status.failures + 1 };
      await this.#clock.delay(waitMs, signal).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, this.#backOff.longestMs);
    }
    service.status = { ...service.status, state: 'ended' };
  }
}

/** The failure of one run, or undefined when it ended as it should. */
async function outcome(
  run: Service['run'],
  signal: AbortSignal,
): Promise<{ readonly error: unknown } | undefined> {
  try {
    await run(signal);
    return undefined;
  } catch (error) {
    // Told to stop, a service usually ends with an AbortError.
    return signal.aborted ? undefined : { error };
  }
}
