import { accessKeyOf, apiKeyKey, parseAccessChange, sessionKey, stillHolds } from '@plugmesh/shared/access';
import { userOf } from '@plugmesh/shared/identity';
import { whenConnected, type RedisConnection } from '@plugmesh/shared/redis';
import type { Socket } from '../socket/socket.ts';
import { SetsByKey } from './sets-by-key.ts';

/** What sign-ins are watched with. */
export interface SignInsOptions {
  /** For commands; while Redis is away they are rejected. Undefined where no Redis is configured. */
  readonly connection: RedisConnection | undefined;
  /** How often everybody is looked up. */
  readonly everyMs: number;
}

/** How many records Redis is asked for at once: what others ask meanwhile waits for no more than these. */
const SLICE = 1_000;

/** Ends sockets with the session or key by which their clients are known. */
export class SignIns {
  readonly #options: SignInsOptions;
  /** By the Redis key of the session or API key. */
  readonly #byRecord = new SetsByKey<Socket>();
  readonly #byUser = new SetsByKey<Socket>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: SignInsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#sweep ??= setInterval(() => void this.checkAll(), this.#options.everyMs).unref();
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  /** Hears a message of `plugmesh:access`. */
  hear(payload: Buffer): void {
    const { sessions = [], keys = [], users = [] } = parseAccessChange(payload.toString()) ?? {};
    for (const hash of sessions) endAll(this.#byRecord.of(sessionKey(hash)));
    for (const prefix of keys) endAll(this.#byRecord.of(apiKeyKey(prefix)));
    for (const id of users) endAll(this.#byUser.of(id));
  }

  /** Follows one that has just come, until `unfollow`; its session may have ended while it was on its way. */
  follow(socket: Socket): void {
    const user = userOf(socket.identity);
    if (user !== undefined) this.#byUser.add(user, socket);
    const key = accessKeyOf(socket.identity);
    if (key === undefined) return;
    this.#byRecord.add(key, socket);
    void this.#endIfChanged(key);
  }

  /** Its connection is gone. */
  unfollow(socket: Socket): void {
    const user = userOf(socket.identity);
    if (user !== undefined) this.#byUser.remove(user, socket);
    const key = accessKeyOf(socket.identity);
    if (key !== undefined) this.#byRecord.remove(key, socket);
  }

  /** Looks up everybody: after an outage, and now and then because sessions also end by their time. */
  async checkAll(): Promise<void> {
    const { connection, everyMs } = this.#options;
    if (!connection || !(await whenConnected(connection, everyMs))) return;
    const keys = [...this.#byRecord.keys];
    for (let at = 0; at < keys.length; at += SLICE) {
      await Promise.all(keys.slice(at, at + SLICE).map((key) => this.#endIfChanged(key)));
    }
  }

  /** A key's rights may have changed as well. While Redis is away nobody is signed out. */
  async #endIfChanged(key: string): Promise<void> {
    const record = await this.#options.connection?.get(key).catch(() => undefined);
    if (record === undefined) return;
    for (const socket of this.#byRecord.of(key)) {
      const { identity } = socket;
      if (identity.kind === 'user' && !stillHolds(identity, record)) socket.close('session');
    }
  }
}

function endAll(sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.close('session');
}
