const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

// A terminal and npm may each deliver the same Ctrl-C: a repeat this soon is not a second one.
const SAME_SIGNAL_MS = 300;

/** The signals that stop the mesh: the first in order, a second at once. */
export class StopSignals {
  /** Resolves with the first signal. */
  readonly received: Promise<void>;
  readonly #controller = new AbortController();
  readonly #resolve: () => void;
  readonly #handler = (): void => this.#take();
  #firstAt: number | undefined;
  #second: () => void = () => undefined;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.received = promise;
    this.#resolve = () => resolve(undefined);
    for (const signal of SIGNALS) process.on(signal, this.#handler);
  }

  /** Aborted with the first signal. */
  get stopped(): AbortSignal {
    return this.#controller.signal;
  }

  /** What a second signal does. */
  onSecond(action: () => void): void {
    this.#second = action;
  }

  /** Lets signals do again what they do by default. */
  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.#handler);
    this.#controller.abort();
  }

  #take(): void {
    const now = performance.now();
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      this.#controller.abort();
      this.#resolve();
    } else if (now - this.#firstAt > SAME_SIGNAL_MS) this.#second();
  }
}
