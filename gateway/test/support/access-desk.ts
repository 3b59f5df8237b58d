import {
  ACCESS_CHANGE,
  apiKeyKey,
  hashCredential,
  mintApiKey,
  mintSecret,
  sessionKey,
  type AccessChange,
  type ApiKeyRecord,
  type SessionRecord,
} from '@plugmesh/shared/access';
import { createLog } from '@plugmesh/shared/log';
import { closeRedis, connectRedis, whenConnected, type RedisConnection } from '@plugmesh/shared/redis';

/** A session as its browser has it. */
export interface Login {
  readonly id: string;
  readonly hash: string;
  readonly cookie: string;
}

/** Writes sessions and keys into Redis as accounts does, and says when they change. */
export class AccessDesk {
  readonly redis: RedisConnection;

  constructor(redisUrl: string) {
    this.redis = connectRedis(redisUrl, {
      name: 'access-desk',
      log: createLog({ name: 'test', level: 'silent' }),
    });
  }

  async open(): Promise<void> {
    await whenConnected(this.redis, 5000);
  }

  close(): Promise<void> {
    return closeRedis(this.redis);
  }

  async login(sketch: Partial<SessionRecord> = {}): Promise<Login> {
    const id = mintSecret();
    const hash = hashCredential(id);
    const now = Date.now();
    const record: SessionRecord = {
      ...{ user: 'u1', name: 'Ada', roles: [], startedAt: now, endsAt: now + 3_600_000, idleMs: 1_800_000 },
      ...sketch,
    };
    await this.redis.set(sessionKey(hash), JSON.stringify(record), 'PX', record.idleMs);
    return { id, hash, cookie: `plugmesh-session=${id}` };
  }

  async logout({ hash }: Login): Promise<void> {
    await this.redis.del(sessionKey(hash));
    await this.say({ sessions: [hash] });
  }

  /** A new key; returns it with its prefix. */
  async key(sketch: Partial<ApiKeyRecord> = {}): Promise<{ prefix: string; key: string }> {
    const { prefix, key } = mintApiKey();
    const record: ApiKeyRecord = {
      ...{ user: 'u1', name: 'Ada', roles: [], guards: ['key'], plugins: ['*'], endsAt: null },
      ...sketch,
      hash: hashCredential(key),
    };
    await this.redis.set(apiKeyKey(prefix), JSON.stringify(record));
    await this.say({ keys: [prefix] });
    return { prefix, key };
  }

  async revoke(prefix: string): Promise<void> {
    await this.redis.del(apiKeyKey(prefix));
    await this.say({ keys: [prefix] });
  }

  async say(change: AccessChange): Promise<void> {
    await this.redis.publish(ACCESS_CHANGE, JSON.stringify(change));
  }

  /** How often Redis has been asked for something by this command. */
  async calls(command: string): Promise<number> {
    const stats = await this.redis.info('commandstats');
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  }
}
