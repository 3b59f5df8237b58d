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

  add(connection: Flushable): void {
    if (this.#waiting.push(connection) === 1) process.nextTick(() => this.#flush());
  }

  #flush(): void {
    const connections = this.#waiting;
    this.#waiting = [];
    for (const connection of connections) connection.flush();
  }
}
