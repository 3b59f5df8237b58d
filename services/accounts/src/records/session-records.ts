import {
  ACCESS_CHANGE,
  hashCredential,
  mintSecret,
  parseSession,
  sessionKey,
  type AccessChange,
  type SessionRecord,
} from '@plugmesh/shared/access';
import type { User } from '../store/store.ts';
import type { RedisPart } from './redis-part.ts';

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
  readonly #redis: RedisPart;
  readonly #rules: SessionRules;

  constructor(redis: RedisPart, rules: SessionRules) {
    this.#redis = redis;
    this.#rules = rules;
  }

  /** Begins a session of this user as it is now. */
  async begin({ id: user, name, roles, sessionsFrom }: User): Promise<BegunSession> {
    const { idleMs, lifeMs } = this.#rules;
    const startedAt = Math.max(Date.now(), sessionsFrom);
    const record = { user, name, roles: [...roles], startedAt, endsAt: startedAt + lifeMs, idleMs };
    const id = mintSecret();
    const hash = hashCredential(id);
    await this.#redis.together((commands) =>
      commands
        .set(sessionKey(hash), JSON.stringify(record), 'PX', Math.min(idleMs, lifeMs))
        .zremrangebyscore(this.#listKey(user), '-inf', startedAt - lifeMs)
        .zadd(this.#listKey(user), startedAt, hash)
        .pexpire(this.#listKey(user), lifeMs),
    );
    return { id, hash, record };
  }

  /** The session with this hash, while it goes on. */
  async find(hash: string): Promise<SessionRecord | undefined> {
    const text = await this.#redis.ask((redis) => redis.get(sessionKey(hash)));
    const record = text === null ? undefined : parseSession(text);
    return record && record.endsAt > Date.now() ? record : undefined;
  }

  /** Ends one session of a user, everywhere. */
  end(user: string, hash: string): Promise<void> {
    return this.#drop(user, [hash]);
  }

  /** Ends every session of a user that began before what the user's record says. */
  async endEarlier({ id, sessionsFrom }: Pick<User, 'id' | 'sessionsFrom'>): Promise<void> {
    const before = `(${sessionsFrom}`;
    const hashes = await this.#redis.ask((redis) => redis.zrangebyscore(this.#listKey(id), '-inf', before));
    if (hashes.length > 0) await this.#drop(id, hashes);
  }

  /** Tells everybody that a user's roles or state have changed: what was opened in the user's name closes. */
  async announce({ id }: Pick<User, 'id'>): Promise<void> {
    await this.#redis.ask((redis) => redis.publish(ACCESS_CHANGE, JSON.stringify({ users: [id] })));
  }

  /** Only what has really ended is said to have: whoever hears it closes what is open. */
  async #drop(user: string, hashes: readonly string[]): Promise<void> {
    const change: AccessChange = { sessions: [...hashes] };
    await this.#redis.together((commands) =>
      commands
        .del(...hashes.map(sessionKey))
        .zrem(this.#listKey(user), ...hashes)
        .publish(ACCESS_CHANGE, JSON.stringify(change)),
    );
  }

  #listKey(user: string): string {
    return this.#redis.key(`sessions:${user}`);
  }
}
