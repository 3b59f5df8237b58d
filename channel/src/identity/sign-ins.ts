import { apiKeyKey, parseAccessChange, sessionKey, type AccessChange } from '@plugmesh/shared/access';
import type { Identity } from '@plugmesh/shared/identity';
import { whenConnected, type RedisConnection } from '@plugmesh/shared/redis';
import type { Socket } from '../socket/socket.ts';

/** What sign-ins are watched with. */
export interface SignInsOptions {
  /** Every socket of this process. */
  readonly sockets: Iterable<Socket>;
  /** For commands; while Redis is away they are rejected. Undefined where no Redis is configured. */
  readonly connection: RedisConnection | undefined;
  /** How often everybody is looked up. */
  readonly everyMs: number;
}

/** Ends sockets with the session or key by which their clients are known. */
export class SignIns {
  readonly #options: SignInsOptions;
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
    const change = parseAccessChange(payload.toString());
    if (!change) return;
    for (const socket of this.#options.sockets) {
      if (isMeant(socket.identity, change)) socket.close('session');
    }
  }

  /** Looks up one that has just come: its session may have ended while it was on its way. */
  check(socket: Socket): void {
    const key = recordOf(socket.identity);
    if (key !== undefined) void this.#endIfGone(key, [socket]);
  }

  /** Looks up everybody: after an outage, and now and then because sessions also end by their time. */
  async checkAll(): Promise<void> {
    const { connection, everyMs } = this.#options;
    if (!connection || !(await whenConnected(connection, everyMs))) return;
    const byRecord = new Map<string, Socket[]>();
    for (const socket of this.#options.sockets) {
      const key = recordOf(socket.identity);
      if (key === undefined) continue;
      const sockets = byRecord.get(key);
      if (sockets) sockets.push(socket);
      else byRecord.set(key, [socket]);
    }
    for (const [key, sockets] of byRecord) void this.#endIfGone(key, sockets);
  }

  /** While Redis is away nobody is signed out. */
  async #endIfGone(key: string, sockets: readonly Socket[]): Promise<void> {
    const found = await this.#options.connection?.exists(key).catch(() => undefined);
    if (found === 0) for (const socket of sockets) socket.close('session');
  }
}

function isMeant(identity: Identity, { sessions, keys, users }: AccessChange): boolean {
  if (identity.kind !== 'user') return false;
  const { id, session = '', key = '' } = identity;
  return [users?.includes(id), sessions?.includes(session), keys?.includes(key)].includes(true);
}

/** Redis key of what somebody is known by. */
function recordOf(identity: Identity): string | undefined {
  if (identity.kind !== 'user') return undefined;
  const { session, key } = identity;
  if (session !== undefined) return sessionKey(session);
  return key === undefined ? undefined : apiKeyKey(key);
}
