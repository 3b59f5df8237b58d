import { once } from 'node:events';
import { WebSocket } from 'ws';

const EVERY_MS = 100;

/** WebSockets that send a number ten times a second each and count what comes back. */
export class SteadySockets {
  readonly #sockets: readonly WebSocket[];
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #answered = 0;
  #closed = 0;

  private constructor(sockets: readonly WebSocket[]) {
    this.#sockets = sockets;
    for (const socket of sockets) {
      socket.on('message', () => this.#answered++);
      socket.on('close', () => this.#closed++);
    }
    this.#timer = setInterval(() => this.#tick(), EVERY_MS);
  }

  static async open(url: string, count: number): Promise<SteadySockets> {
    const sockets = Array.from({ length: count }, () => new WebSocket(url));
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    return new SteadySockets(sockets);
  }

  /** Resolves to what became of them when the last answers are here. */
  async stop(): Promise<{ open: number; closed: number; sent: number; answered: number }> {
    clearInterval(this.#timer);
    const open = this.#sockets.filter(({ readyState }) => readyState === WebSocket.OPEN);
    const pongs = open.map((socket) => once(socket, 'pong'));
    for (const socket of open) socket.ping();
    // Behind all that was sent before.
    await Promise.all(pongs);
    const seen = { open: open.length, closed: this.#closed, sent: this.#sent, answered: this.#answered };
    for (const socket of this.#sockets) socket.terminate();
    return seen;
  }

  #tick(): void {
    for (const socket of this.#sockets) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      socket.send(String(++this.#sent));
    }
  }
}
