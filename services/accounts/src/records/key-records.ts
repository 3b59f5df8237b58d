import { ACCESS_CHANGE, API_KEYS_USED, apiKeyKey, type ApiKeyRecord } from '@plugmesh/shared/access';
import type { ApiKey, User } from '../store/store.ts';
import { together, withRedis, type Redis } from './redis-work.ts';

/** The API keys in Redis, where gateway finds them. The database is the truth: these are written from it. */
export class KeyRecords {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Makes the records of a user's keys what they have to be now, and says so. */
  async write(user: User, keys: readonly ApiKey[], now = Date.now()): Promise<void> {
    if (keys.length === 0) return;
    await together(this.#redis, (commands) => {
      for (const key of keys) {
        if (isValid(user, key, now)) writeRecord(commands, user, key);
        else commands.del(apiKeyKey(key.prefix));
      }
      commands.publish(ACCESS_CHANGE, JSON.stringify({ keys: keys.map(({ prefix }) => prefix) }));
    });
  }

  /** When each of these keys was last used, as far as gateways have said; milliseconds since 1970. */
  async lastUses(prefixes: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (prefixes.length === 0) return new Map();
    const times = await withRedis(() => this.#redis.hmget(API_KEYS_USED, ...prefixes));
    return new Map(prefixes.flatMap((prefix, at) => (times[at] ? [[prefix, Number(times[at])]] : [])));
  }
}

function isValid({ state }: User, { revokedAt, endsAt }: ApiKey, now: number): boolean {
  return state === 'active' && revokedAt === null && (endsAt === null || endsAt > now);
}

function writeRecord(commands: Parameters<Parameters<typeof together>[1]>[0], user: User, key: ApiKey): void {
  const { hash, guards, plugins, endsAt } = key;
  const record: ApiKeyRecord = {
    user: user.id,
    name: user.name,
    roles: [...user.roles],
    hash,
    guards: [...guards],
    plugins: [...plugins],
    endsAt,
  };
  const text = JSON.stringify(record);
  if (endsAt === null) commands.set(apiKeyKey(key.prefix), text);
  else commands.set(apiKeyKey(key.prefix), text, 'PXAT', endsAt);
}
