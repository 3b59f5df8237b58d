import { MeshError } from '../errors/index.ts';
import type { Log } from '../log/index.ts';
import { withinDeadline } from './deadline.ts';

/** One thing that a process starts and stops. Every part is optional. */
export interface Step {
  /** Named in every failure. */
  readonly name: string;
  /** `signal` is aborted when the process is told to stop meanwhile. */
  start?(signal: AbortSignal): Promise<void> | void;
  /** Takes no new work and finishes what is in flight; everything that was started still works. */
  drain?(): Promise<void> | void;
  /** Releases what `start` took. */
  stop?(): Promise<void> | void;
  /** How long each of the three may take; default 10 s. */
  readonly deadlineMs?: number;
}

/** Where a process is in its life. Before the first `start()` it counts as `starting`. */
export type LifecycleState = 'starting' | 'ready' | 'draining' | 'stopped';

/** What a lifecycle is made of. */
export interface LifecycleOptions {
  /** The process, as failures name it. */
  readonly name: string;
  /** In the order of starting; draining and stopping go backwards. */
  readonly steps: readonly Step[];
  readonly log: Log;
}

type Phase = 'start' | 'drain' | 'stop';

const DEADLINE_MS = 10_000;

/** The ordered list of what a process starts and stops. Once stopped it stays stopped. */
export class Lifecycle {
  readonly name: string;
  readonly log: Log;
  readonly #steps: readonly Step[];
  readonly #started: Step[] = [];
  readonly #abort = new AbortController();
  #state: LifecycleState = 'starting';
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: LifecycleOptions) {
    this.name = options.name;
    this.log = options.log;
    this.#steps = options.steps;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /**
   * Starts every step in order. When one fails, those before it are stopped and the rejection names it. A second call
   * is the same start. When `stop()` comes in between, it resolves without being ready: `state` says so.
   */
  start(): Promise<void> {
    this.#starting ??= this.#stopping ? Promise.resolve() : this.#startSteps();
    return this.#starting;
  }

  /**
   * Drains the started steps, then stops them, both in reverse order. A failing step holds up nobody: the others go
   * on, and the rejection names the first that failed. A second call is the same stop.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopSteps();
    return this.#stopping;
  }

  async #startSteps(): Promise<void> {
    try {
      for (const step of this.#steps) {
        if (this.#stopping) return;
        await this.#run(step, 'start');
        this.#started.push(step);
      }
    } catch (error) {
      // A stop() that came in between waits for us and cleans up itself.
      if (!this.#stopping) {
        this.#stopping = this.#unwind();
        // The failed start is the cause; what goes wrong while cleaning up is in the log.
        await this.#stopping.catch(() => undefined);
      }
      throw error;
    }
    // `stop()` may have come during the last step; it is waiting for us and owns the state.
    if (!this.#isStopping()) this.#state = 'ready';
  }

  // A method, because the compiler believes that a private field cannot change across an await.
  #isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  async #stopSteps(): Promise<void> {
    this.#state = 'draining';
    this.#abort.abort();
    // Only what has started can be stopped: let the step that is starting right now come to its end.
    await this.#starting?.catch(() => undefined);
    await this.#unwind();
  }

  async #unwind(): Promise<void> {
    this.#state = 'draining';
    const backwards = this.#started.toReversed();
    const failures: unknown[] = [];
    for (const phase of ['drain', 'stop'] as const) {
      for (const step of backwards) {
        await this.#run(step, phase).catch((error: unknown) => {
          this.log.error({ err: error, step: step.name }, `${phase} failed`);
          failures.push(error);
        });
      }
    }
    this.#state = 'stopped';
    if (failures.length > 0) throw failures[0];
  }

  async #run(step: Step, phase: Phase): Promise<void> {
    const { name, deadlineMs = DEADLINE_MS } = step;
    try {
      await withinDeadline(async () => step[phase]?.(this.#abort.signal), deadlineMs);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `step '${name}' of ${this.name} could not ${phase}: ${reason}`;
      // Whoever looks for a taken port looks for that code.
      const code = cause instanceof MeshError ? cause.code : 'MESH_STEP_FAILED';
      throw new MeshError(code, message, { cause, details: { step: name, phase } });
    }
  }
}
