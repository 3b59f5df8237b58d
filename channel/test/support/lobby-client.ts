import { Presence, Socket, type Channel } from 'phoenix';
import { WebSocket } from 'ws';
import type { ChannelProcess } from './channel-process.ts';

/** The official client with its `Presence`, in the topic `lobby` of one process. */
export class LobbyClient {
  /** What its `Presence` said, in order: `+key` and `-key`. */
  readonly changes: string[] = [];
  readonly #socket: Socket;
  #lobby: Channel | undefined;
  #presence: Presence | undefined;

  constructor(process: ChannelProcess) {
    const options = { transport: WebSocket, reconnectAfterMs: () => 100, rejoinAfterMs: () => 100 };
    this.#socket = new Socket(`ws://127.0.0.1:${process.port}/socket`, options);
    this.#socket.connect();
  }

  get isJoined(): boolean {
    return this.#lobby?.state === 'joined';
  }

  /** Everybody it sees, as `key phx_ref phx_ref…`. */
  get seen(): string[] {
    return Object.entries(this.#presence?.state ?? {})
      .map(([key, { metas }]) => [key, ...metas.map(({ phx_ref }) => phx_ref).toSorted()].join(' '))
      .toSorted();
  }

  join(): Promise<unknown> {
    this.#lobby = this.#socket.channel('lobby');
    this.#presence = new Presence(this.#lobby);
    this.#presence.onJoin((key) => void this.changes.push(`+${key}`));
    this.#presence.onLeave((key) => void this.changes.push(`-${key}`));
    return settled(this.#lobby.join());
  }

  async leave(): Promise<void> {
    if (this.#lobby) await settled(this.#lobby.leave());
    this.#lobby = undefined;
  }

  close(): void {
    this.#socket.disconnect();
  }
}

function settled(push: ReturnType<Channel['join']>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    push
      .receive('ok', resolve)
      .receive('error', (response) => reject(new Error(JSON.stringify(response))))
      .receive('timeout', () => reject(new Error('timeout')));
  });
}
