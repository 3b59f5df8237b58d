import { eventually } from '@plugmesh/shared/testing';
import { Socket, type Channel } from 'phoenix';
import { WebSocket } from 'ws';

/** Official clients, each with a socket of its own, on one topic; they come back by themselves or not at all. */
export class PhoenixClients {
  readonly #sockets: Socket[] = [];
  readonly #channels: Channel[] = [];
  readonly #heard = new Map<Channel, Set<number>>();
  #losses = 0;
  #longestAbsenceMs = 0;

  constructor(origin: string, topic: string, count: number) {
    for (let index = 0; index < count; index++) {
      const socket = new Socket(`${origin.replace('http', 'ws')}/socket`, { transport: WebSocket });
      const channel = socket.channel(topic);
      const heard = new Set<number>();
      this.#sockets.push(socket);
      this.#channels.push(channel);
      this.#heard.set(channel, heard);
      channel.on('news', (payload) => void heard.add((payload as { n: number }).n));
      socket.connect();
      this.#join(channel);
    }
  }

  /** How often a client lost its topic. */
  get losses(): number {
    return this.#losses;
  }

  /** The longest time that one was without its topic. */
  get longestAbsenceMs(): number {
    return Math.round(this.#longestAbsenceMs);
  }

  get joined(): number {
    return this.#channels.filter(({ state }) => state === 'joined').length;
  }

  /** How many have heard the news of this number. */
  heard(n: number): number {
    return this.#channels.filter((channel) => this.#heard.get(channel)?.has(n)).length;
  }

  /** Waits until every one is in its topic. */
  async untilJoined(): Promise<void> {
    await eventually(() => this.joined === this.#channels.length, {
      timeoutMs: 10_000,
      what: 'every client in its topic',
    });
  }

  #join(channel: Channel): void {
    let leftAt: number | undefined;
    channel.onError(() => {
      leftAt ??= performance.now();
      this.#losses += 1;
    });
    // Called for every later join, too.
    channel.join().receive('ok', () => {
      const absence = leftAt === undefined ? 0 : performance.now() - leftAt;
      this.#longestAbsenceMs = Math.max(this.#longestAbsenceMs, absence);
      leftAt = undefined;
    });
  }

  disconnect(): void {
    for (const socket of this.#sockets) socket.disconnect();
  }
}
