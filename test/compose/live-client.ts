import { eventually } from '@plugmesh/shared/testing';
import { Socket, type Channel } from 'phoenix';
import { WebSocket } from 'ws';

/** A page's connection, made by the official client: it reconnects and rejoins by itself. */
export class LiveClient {
  readonly #socket: Socket;
  readonly #channel: Channel;
  /** Nonces that came back. */
  readonly answers = new Map<string, number>();
  /** Values of its process that the plugin has published. */
  reports = 0;
  opened = 0;

  constructor(origin: string, topic: string) {
    this.#socket = new Socket(`${origin.replace('http', 'ws')}/socket`, {
      transport: asPageOf(origin),
      reconnectAfterMs: () => 100,
      rejoinAfterMs: () => 100,
    });
    this.#socket.onOpen(() => (this.opened += 1));
    this.#channel = this.#socket.channel(topic);
    this.#channel.on('process', () => (this.reports += 1));
    this.#channel.on('ping_result', (payload) => {
      const { nonce } = payload as { nonce: string };
      this.answers.set(nonce, performance.now());
    });
  }

  async join(): Promise<void> {
    this.#socket.connect();
    this.#channel.join();
    await eventually(() => this.isJoined, { timeoutMs: 15_000, what: 'a join' });
  }

  get isJoined(): boolean {
    return this.#channel.state === 'joined' && this.#socket.isConnected();
  }

  /** Pushes until an answer with one of its nonces came; resolves to the milliseconds of that one. */
  async ask(timeoutMs = 15_000): Promise<number> {
    const sent = new Map<string, number>();
    let next = 0;
    return eventually(
      () => {
        const [nonce, at] = [...sent].find(([each]) => this.answers.has(each)) ?? [];
        if (nonce !== undefined && at !== undefined) return (this.answers.get(nonce) ?? 0) - at;
        if (performance.now() < next) return undefined;
        next = performance.now() + 1000;
        sent.set(this.push(), performance.now());
        return undefined;
      },
      { timeoutMs, what: 'an answer to a push' },
    );
  }

  /** Pushes once; returns the nonce. */
  push(): string {
    const nonce = crypto.randomUUID();
    this.#channel.push('ping', { nonce });
    return nonce;
  }

  close(): void {
    this.#socket.disconnect();
  }
}

/** A WebSocket that says, as browsers do, which page it belongs to. */
function asPageOf(origin: string): new (url: string, protocols?: string | string[]) => WebSocket {
  return class extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols, { origin });
    }
  };
}
