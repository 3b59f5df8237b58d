/** What has something to write at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/**
 * Collects connections with frames to write and flushes them when the current callback has returned: a burst that
 * Redis delivers in one packet costs one write per socket, and nothing waits longer than the turn it arrived in.
 */
export class TurnWriter {
  #waiting: Flushable[] = [];
  #frames: readonly Buffer[] = [];
  #joined = Buffer.alloc(0);

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
    for (const connection of connections) connection.flush();
    this.#frames = [];
    this.#joined = Buffer.alloc(0);
  }
}
