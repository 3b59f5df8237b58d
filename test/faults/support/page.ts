import { Presence, Socket, type Channel } from 'phoenix';
import { WebSocket } from 'ws';
import { Tally } from './tally.ts';

export const PLAIN_TOPICS = ['room:faults'] as const;
export const DURABLE_TOPICS = ['log:a', 'log:b'] as const;
export const LOBBY = 'lobby';

/** How a page behaves. */
export interface PageOptions {
  readonly port: number;
  /** Whether it is in the lobby, too, and watches who is there. */
  readonly presence?: boolean;
  readonly heartbeatMs?: number;
}

/** The official client as a browser's page uses it, with its own delays; keeps account of what it was told. */
export class Page {
  readonly tallies = new Map<string, Tally>();
  /** Moments at which it was told that something is wrong, and at which it was in all its topics again. */
  readonly losses: number[] = [];
  readonly joins: number[] = [];
  readonly closeCodes: number[] = [];
  /** Joins that could not be brought up to date. */
  unrecovered = 0;
  diffs = 0;
  /** Keys that it saw leave the lobby, and how many of those came again. */
  readonly left = new Set<string>();
  flaps = 0;
  /** How long plain events took to come, in milliseconds. */
  readonly delays: number[] = [];
  longestAbsenceMs = 0;
  presence: Presence | undefined;
  readonly #socket: Socket;
  readonly #channels: Channel[] = [];
  readonly #since = new Map<string, string | null>();
  #lostAt: number | undefined;
  readonly #webSockets = new Set<WebSocket>();

  constructor({ port, presence = false, heartbeatMs }: PageOptions) {
    const webSockets = this.#webSockets;
    class Transport extends WebSocket {
      constructor(url: string, protocols?: string[]) {
        super(url, protocols);
        webSockets.add(this);
        this.on('close', () => webSockets.delete(this));
      }
    }
    const heartbeat = heartbeatMs === undefined ? {} : { heartbeatIntervalMs: heartbeatMs };
    this.#socket = new Socket(`ws://127.0.0.1:${port}/socket`, { transport: Transport, ...heartbeat });
    this.#socket.onClose(({ code }) => void this.closeCodes.push(code));
    for (const topic of PLAIN_TOPICS) this.#join(topic, {});
    for (const topic of DURABLE_TOPICS) this.#join(topic, () => ({ since: this.#since.get(topic) ?? null }));
    if (presence) this.#watchLobby();
    this.#socket.connect();
  }

  get isJoined(): boolean {
    return this.#channels.every(({ state }) => state === 'joined');
  }

  /** Everybody in the lobby, as `key phx_ref…`. */
  get present(): string {
    return Object.entries(this.presence?.state ?? {})
      .map(([key, { metas }]) => [key, ...metas.map(({ phx_ref }) => phx_ref).toSorted()].join(' '))
      .toSorted()
      .join('\n');
  }

  tally(topic: string): Tally {
    let tally = this.tallies.get(topic);
    if (!tally) this.tallies.set(topic, (tally = new Tally()));
    return tally;
  }

  /** As if the network were gone for a moment. */
  drop(): void {
    for (const webSocket of this.#webSockets) webSocket.terminate();
  }

  close(): void {
    this.#socket.disconnect();
  }

  #join(topic: string, parameters: object | (() => object)): Channel {
    const channel = this.#socket.channel(topic, parameters);
    const tally = this.tally(topic);
    this.#channels.push(channel);
    channel.on('tick', (payload) => {
      const { n, at, _id } = payload as { n: number; at: number; _id?: string };
      tally.add(n);
      if (_id === undefined) this.delays.push(performance.now() - at);
      else this.#since.set(topic, _id);
    });
    channel.onError(() => this.#lose());
    // Called for every later join, too.
    channel.join().receive('ok', (reply) => this.#welcome(topic, reply as JoinReply));
    return channel;
  }

  #welcome(topic: string, { recovered, _id }: JoinReply): void {
    if (recovered === false) this.unrecovered++;
    if (_id !== undefined) this.#since.set(topic, _id);
    if (!this.isJoined) return;
    const now = performance.now();
    this.joins.push(now);
    if (this.#lostAt !== undefined)
      this.longestAbsenceMs = Math.max(this.longestAbsenceMs, now - this.#lostAt);
    this.#lostAt = undefined;
  }

  #lose(): void {
    this.#lostAt ??= performance.now();
    this.losses.push(performance.now());
  }

  #watchLobby(): void {
    const lobby = this.#join(LOBBY, {});
    this.presence = new Presence(lobby);
    lobby.on('presence_diff', () => this.diffs++);
    this.presence.onLeave((key) => void this.left.add(key));
    this.presence.onJoin((key) => {
      if (this.left.has(key)) this.flaps++;
    });
  }
}

interface JoinReply {
  readonly recovered?: boolean;
  readonly _id?: string;
}
