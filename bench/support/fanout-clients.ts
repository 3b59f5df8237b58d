import { WebSocket } from 'ws';

/** The words of one real-time server: how a client joins, and how a published number is read from a frame. */
export interface Dialect {
  readonly url: string;
  /** Called for every text frame before the client has joined; sends what is next, true once joined. */
  handshake(frame: string, send: (text: string) => void): boolean;
  /** Frames to send once the socket is open. */
  readonly hello: readonly string[];
  /** The payload of a published message in this frame, or undefined for other frames. */
  payload(frame: string): string | undefined;
  /** The answer to a frame that asks for one (heartbeats), if any. */
  answer?(frame: string): string | undefined;
  /** What a client sends every 30 s to stay, if anything. */
  readonly heartbeat?: string;
}

/** Many sockets that count what they get, and fail on a wrong order, content or number. */
export class FanoutClients {
  readonly latencies: number[] = [];
  readonly #sockets: WebSocket[] = [];
  readonly #dialects: Dialect[] = [];
  readonly #seen: number[] = [];
  #heart: NodeJS.Timeout | undefined;
  #received = 0;
  #expected = 0;
  #sample = 1;
  #failure: Error | undefined;
  #done: (() => void) | undefined;

  /** Connects and joins `count` sockets, 50 at a time, to a topic each. */
  async join(count: number, dialectOf: (index: number) => Dialect): Promise<void> {
    for (let from = 0; from < count; from += 50) {
      const batch = Array.from({ length: Math.min(50, count - from) }, (_, i) =>
        this.#open(dialectOf(from + i), from + i),
      );
      await Promise.all(batch);
    }
  }

  /** Every socket sends its heartbeat every 30 s, one after the other, until the sockets are closed. */
  beat(): void {
    let next = 0;
    this.#heart = setInterval(() => {
      for (const due = next + this.#sockets.length / 300; next < due; next++) {
        const at = next % this.#sockets.length;
        const { heartbeat } = this.#dialects[at] ?? {};
        if (heartbeat !== undefined) this.#sockets[at]?.send(heartbeat);
      }
    }, 100);
  }

  /** Resolves once each socket has received `messages` more; one latency in `sample` is kept. */
  async expect(messages: number, sample = 1): Promise<void> {
    this.latencies.length = 0;
    this.#seen.fill(0);
    this.#received = 0;
    this.#expected = messages * this.#sockets.length;
    this.#sample = sample;
    const timer = setTimeout(
      () => this.#fail(new Error(`only ${this.#received} of ${this.#expected} arrived`)),
      120_000,
    );
    await new Promise<void>((resolve) => (this.#done = resolve));
    clearTimeout(timer);
    if (this.#failure) throw this.#failure;
  }

  close(): void {
    clearInterval(this.#heart);
    for (const socket of this.#sockets) socket.terminate();
  }

  #open(dialect: Dialect, index: number): Promise<void> {
    const socket = new WebSocket(dialect.url, { perMessageDeflate: false });
    this.#sockets.push(socket);
    this.#dialects.push(dialect);
    this.#seen.push(0);
    return new Promise((resolve, reject) => {
      let joined = false;
      socket.once('error', reject);
      socket.once('open', () => {
        for (const text of dialect.hello) socket.send(text);
        if (dialect.hello.length === 0 && dialect.handshake('', () => undefined)) {
          joined = true;
          resolve();
        }
      });
      socket.on('message', (data: Buffer) => {
        const frame = data.toString();
        const answer = dialect.answer?.(frame);
        if (answer !== undefined) return socket.send(answer);
        if (joined) return this.#receive(dialect, index, frame);
        joined = dialect.handshake(frame, (text) => socket.send(text));
        if (joined) resolve();
      });
    });
  }

  #receive(dialect: Dialect, index: number, frame: string): void {
    const payload = dialect.payload(frame);
    if (payload === undefined) return;
    const message = JSON.parse(payload) as { n: number; at: number; fill: string };
    const expected = this.#seen[index] ?? 0;
    if (message.n !== expected || message.fill.length < 100) {
      this.#fail(new Error(`socket ${index} got message ${message.n} in place of ${expected}`));
      return;
    }
    this.#seen[index] = expected + 1;
    if (++this.#received % this.#sample === 0) {
      this.latencies.push(performance.timeOrigin + performance.now() - message.at);
    }
    if (this.#received === this.#expected) this.#done?.();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#done?.();
  }
}

/** Message `n` as JSON of 200 bytes with the time it was made, in milliseconds. */
export function message(n: number): string {
  const at = performance.timeOrigin + performance.now();
  const text = JSON.stringify({ n, at, fill: '' });
  return JSON.stringify({ n, at, fill: 'x'.repeat(200 - text.length) });
}
