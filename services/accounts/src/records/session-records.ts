import {
  ACCESS_CHANGE,
  hashCredential,
  mintSessionId,
  parseSession,
  sessionKey,
  type AccessChange,
  type SessionRecord,
} from '@plugmesh/shared/access';
import type { User } from '../store/store.ts';
import { together, withRedis, type Redis } from './redis-work.ts';

/** A session that has just begun; its id is in the cookie and nowhere else. */
export interface BegunSession {
  readonly id: string;
  readonly hash: string;
  readonly record: SessionRecord;
}

/** How long sessions last: unused, and at most. */
export interface SessionRules {
  readonly idleMs: number;
  readonly lifeMs: number;
}

/** The sessions in Redis, where gateway finds them. Each user's are listed beside, by when they began. */
export class SessionRecords {
  readonly #redis: Redis;
  readonly #rules: SessionRules;

  constructor(redis: Redis, rules: SessionRules) {
    this.#redis = redis;
    this.#rules = rules;
  }

  /** Begins a session of this user as it is now. */
  async begin({ id: user, name, roles, sessionsFrom }: User): Promise<BegunSession> {
    const { idleMs, lifeMs } = this.#rules;
    const startedAt = Math.max(Date.now(), sessionsFrom);
    const record = { user, name, roles: [...roles], startedAt, endsAt: startedAt + lifeMs, idleMs };
    const id = mintSessionId();
    const hash = hashCredential(id);
    await together(this.#redis, (commands) =>
      commands
        .set(sessionKey(hash), JSON.stringify(record), 'PX', Math.min(idleMs, lifeMs))
        .zremrangebyscore(listKey(user), '-inf', startedAt - lifeMs)
        .zadd(listKey(user), startedAt, hash)
        .pexpire(listKey(user), lifeMs),
    );
    return { id, hash, record };
  }

  /** The session with this hash, while it goes on. */
  async find(hash: string): Promise<SessionRecord | undefined> {
    const text = await withRedis(() => this.#redis.get(sessionKey(hash)));
    const record = text === null ? undefined : parseSession(text);
    return record && record.endsAt > Date.now() ? record : undefined;
  }

  /** Ends one session of a user, everywhere. */
  end(user: string, hash: string): Promise<void> {
    return this.#drop(user, [hash], { sessions: [hash] });
  }

  /** Ends every session of a user that began before what the user's record says. */
  async endEarlier({ id, sessionsFrom }: Pick<User, 'id' | 'sessionsFrom'>): Promise<void> {
    const before = `(${sessionsFrom}`;
    const hashes = await withRedis(() => this.#redis.zrangebyscore(listKey(id), '-inf', before));
    // The user is named even without any: keys have changed, too.
    await this.#drop(id, hashes, { users: [id], ...(hashes.length > 0 ? { sessions: hashes } : {}) });
  }

  async #drop(user: string, hashes: readonly string[], change: AccessChange): Promise<void> {
    await together(this.#redis, (commands) => {
      if (hashes.length > 0) commands.del(...hashes.map(sessionKey)).zrem(listKey(user), ...hashes);
      commands.publish(ACCESS_CHANGE, JSON.stringify(change));
    });
  }
}

function listKey(user: string): string {
  return `accounts:sessions:${user}`;
}
