/** What has something to write at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** How long connections are written to before other work has its turn. */
const SLICE_MS = 10;
/** Connections between two looks at the clock. */
const STEP = 32;

/**
 * Collects connections with frames to write and flushes them when the current callback has returned: a burst that
 * Redis delivers in one packet costs one write per socket, and nothing waits longer than the turn it arrived in. Only
 * when there are thousands, the rest is written in slices: what arrives meanwhile for other sockets does not wait for it.
 */
export class TurnWriter {
  readonly #now: () => number;
  #waiting: Flushable[] = [];
  #late: Flushable[] = [];
  #isLateScheduled = false;
  #frames: readonly Buffer[] = [];
  #joined = Buffer.alloc(0);

  /** `now` answers in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(connection: Flushable): void {
    if (this.#waiting.push(connection) === 1) process.nextTick(() => this.#flush());
  }

  /** Frames as one Buffer. Subscribers of the same topics have the same frames: they share it. */
  join(frames: readonly Buffer[]): Buffer {
    const isSame =
      frames.length === this.#frames.length && frames.every((frame, at) => frame === this.#frames[at]);
    if (!isSame) {
      this.#frames = frames;
      this.#joined = Buffer.concat(frames);
    }
    return this.#joined;
  }

  #flush(): void {
    const connections = this.#waiting;
    this.#waiting = [];
    const rest = this.#flushSlice(connections);
    this.#late = this.#late.length === 0 ? rest : this.#late.concat(rest);
    this.#scheduleLate();
  }

  #flushLate(): void {
    this.#isLateScheduled = false;
    this.#late = this.#flushSlice(this.#late);
    this.#scheduleLate();
  }

  #scheduleLate(): void {
    if (this.#late.length === 0 || this.#isLateScheduled) return;
    this.#isLateScheduled = true;
    setImmediate(() => this.#flushLate());
  }

  /** Flushes what fits into a slice and answers the rest. */
  #flushSlice(connections: readonly Flushable[]): Flushable[] {
    const endsAt = this.#now() + SLICE_MS;
    let done = 0;
    for (const connection of connections) {
      connection.flush();
      if (++done % STEP === 0 && this.#now() > endsAt) break;
    }
    this.#frames = [];
    this.#joined = Buffer.alloc(0);
    return connections.slice(done);
  }
}
