const EVERY_MS = 1000;

/** How a probe travels. */
export interface ProbeOptions {
  /** Sends one; it comes back through `received`, or never. */
  readonly send: () => void;
  /** In milliseconds. */
  readonly now?: () => number;
}

/** Messages to ourselves through Redis: they say how late everything else arrives. */
export class Probe {
  readonly #send: () => void;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #sentAt: number | undefined;
  #lastMs = 0;

  constructor({ send, now = () => performance.now() }: ProbeOptions) {
    this.#send = send;
    this.#now = now;
  }

  /** How long the newest probe took; when one is missing, how long it has been missing. */
  get ageMs(): number {
    return this.#sentAt === undefined ? this.#lastMs : Math.max(this.#lastMs, this.#now() - this.#sentAt);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.tick(), EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Sends the next one. One that is missing is not forgotten: it was sent when the first of its row was. */
  tick(): void {
    this.#sentAt ??= this.#now();
    this.#send();
  }

  received(): void {
    if (this.#sentAt === undefined) return;
    this.#lastMs = this.#now() - this.#sentAt;
    this.#sentAt = undefined;
  }
}
