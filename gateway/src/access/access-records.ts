import {
  accessKeyOf,
  API_KEYS_USED,
  apiKeyKey,
  parseApiKey,
  parseSession,
  sessionKey,
  stillHolds,
  type SessionRecord,
} from '@plugmesh/shared/access';
import { MeshError } from '@plugmesh/shared/errors';
import type { UserIdentity } from '@plugmesh/shared/identity';
import { withinDeadline } from '@plugmesh/shared/lifecycle';
import type { RedisConnection } from '@plugmesh/shared/redis';
import { LRUCache } from 'lru-cache';
import { apiKeyCaller, sessionCaller, type Caller } from './caller.ts';
import type { Found } from './caller-cache.ts';

/** An API key, with what the whole of it must hash to. */
export interface KnownKey {
  readonly caller: Caller;
  readonly hash: string;
}

/** A session that is used is told so at most this often. */
const TOUCH_MS = 60_000;
/** A Redis that takes longer counts as away. */
const PATIENCE_MS = 1_000;
/** So many keys are looked for at a time: each slice has that patience of its own. */
const SLICE = 1_000;
/** Of so many keys it is known that their use was noted; one more is noted too often, which harms nobody. */
const MOST_USED = 10_000;

/** The records of sessions and keys as accounts keeps them in Redis. Rejects with MESH_REDIS_UNAVAILABLE. */
export class AccessRecords {
  readonly #connection: () => RedisConnection | undefined;
  /** Keys whose use was noted within the last minute. */
  readonly #used = new LRUCache<string, true>({ max: MOST_USED, ttl: TOUCH_MS });

  constructor(connection: () => RedisConnection | undefined) {
    this.#connection = connection;
  }

  /** A session that goes on; it is used now, so its idle life begins anew. */
  async session(hash: string): Promise<Found<{ caller: Caller }> | undefined> {
    const key = sessionKey(hash);
    const [text, leftMs] = await this.#ask((redis) => Promise.all([redis.get(key), redis.pttl(key)]));
    const record = text === null ? undefined : parseSession(text);
    if (!record) return undefined;
    const lifeMs = record.endsAt - Date.now();
    if (lifeMs <= 0) return undefined;
    this.#touch(key, record, leftMs);
    // A life of idleness must not pass unseen behind what is remembered.
    return { value: { caller: sessionCaller(hash, record) }, lifeMs: Math.min(lifeMs, record.idleMs / 4) };
  }

  /** An API key that is valid today. */
  async apiKey(prefix: string): Promise<Found<KnownKey> | undefined> {
    const text = await this.#ask((redis) => redis.get(apiKeyKey(prefix)));
    const record = text === null ? undefined : parseApiKey(text);
    if (!record) return undefined;
    const lifeMs = record.endsAt === null ? Infinity : record.endsAt - Date.now();
    if (lifeMs <= 0) return undefined;
    const value = { caller: apiKeyCaller(prefix, record), hash: record.hash };
    return { value, lifeMs };
  }

  /** Notes that a key is used now, at most once a minute. Nobody waits for it. */
  noteUse(prefix: string): void {
    if (this.#used.has(prefix)) return;
    this.#used.set(prefix, true);
    this.#connection()
      ?.hset(API_KEYS_USED, prefix, Date.now())
      .catch(() => undefined);
  }

  /** Which of these users came with a session or key that has ended, or is not what it was. */
  async ended(users: readonly UserIdentity[]): Promise<UserIdentity[]> {
    const ended: UserIdentity[] = [];
    for (let from = 0; from < users.length; from += SLICE) {
      const slice = users.slice(from, from + SLICE);
      const keys = slice.map((user) => accessKeyOf(user) ?? '');
      const records = await this.#ask((redis) => Promise.all(keys.map((key) => redis.get(key))));
      ended.push(...slice.filter((user, at) => !stillHolds(user, records[at] ?? null)));
    }
    return ended;
  }

  /** Nobody waits for it: without it the session ends a little earlier. */
  #touch(key: string, { idleMs, endsAt }: SessionRecord, leftMs: number): void {
    const unusedMs = idleMs - leftMs;
    if (unusedMs < Math.min(TOUCH_MS, idleMs / 4)) return;
    const ms = Math.ceil(Math.min(idleMs, endsAt - Date.now()));
    this.#connection()
      ?.pexpire(key, ms)
      .catch(() => undefined);
  }

  async #ask<Answer>(question: (redis: RedisConnection) => Promise<Answer>): Promise<Answer> {
    const redis = this.#connection();
    try {
      if (!redis) throw new Error('there is no Redis');
      return await withinDeadline(() => question(redis), PATIENCE_MS);
    } catch (cause) {
      throw new MeshError('MESH_REDIS_UNAVAILABLE', 'sessions and keys cannot be looked up now', {
        details: { retryAfter: 5 },
        cause,
      });
    }
  }
}
