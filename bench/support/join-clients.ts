import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Sockets that join topics, and know when every join is answered. */
export class JoinClients {
  /** Milliseconds from sending to reply. */
  readonly latencies: number[] = [];
  readonly #sockets: WebSocket[] = [];
  #sentAt = 0;
  #open = 0;
  #done: (() => void) | undefined;
  #fail: ((error: Error) => void) | undefined;

  /** Connects `count` sockets, 50 at a time. */
  async connect(url: string, count: number): Promise<void> {
    while (this.#sockets.length < count) {
      const batch = Array.from({ length: 50 }, () => new WebSocket(url, { perMessageDeflate: false }));
      await Promise.all(batch.map((socket) => once(socket, 'open')));
      for (const socket of batch) socket.on('message', (data: Buffer) => this.#receive(data.toString()));
      this.#sockets.push(...batch);
    }
  }

  /** Sends each socket's joins, `[topic, payload]`, all at once; resolves when all are answered, rejects at a refusal. */
  async join(joinsOf: (index: number) => readonly (readonly [string, object])[]): Promise<void> {
    const done = new Promise<void>((resolve, reject) => ([this.#done, this.#fail] = [resolve, reject]));
    const frames = this.#sockets.map((_, index) =>
      joinsOf(index).map(([topic, payload], ref) =>
        JSON.stringify([`${ref}`, `${ref}`, topic, 'phx_join', payload]),
      ),
    );
    this.#open = frames.flat().length;
    this.#sentAt = performance.now();
    this.#sockets.forEach((socket, index) => frames[index]?.forEach((frame) => socket.send(frame)));
    await done;
  }

  close(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #receive(frame: string): void {
    if (!frame.includes('"phx_reply"')) return;
    if (!frame.includes('"status":"ok"')) this.#fail?.(new Error(`refused: ${frame}`));
    this.latencies.push(performance.now() - this.#sentAt);
    if (--this.#open === 0) this.#done?.();
  }
}
