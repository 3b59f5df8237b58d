import { ACCESS_CHANGE, API_KEYS_USED, apiKeyKey, type ApiKeyRecord } from '@plugmesh/shared/access';
import type { ApiKey, User } from '../store/store.ts';
import type { Commands, RedisPart } from './redis-part.ts';

/** A key as Redis has to have it. */
interface Wanted {
  readonly prefix: string;
  /** Null: not at all. */
  readonly text: string | null;
  readonly endsAt: number | null;
}

/** The API keys in Redis, where gateway finds them. The database is the truth: these are written from it. */
export class KeyRecords {
  readonly #redis: RedisPart;

  constructor(redis: RedisPart) {
    this.#redis = redis;
  }

  /** Makes the records of a user's keys what they have to be now, and says which were not. */
  async write(user: User, keys: readonly ApiKey[], now = Date.now()): Promise<void> {
    if (keys.length === 0) return;
    const wanted = keys.map((key) => wantedOf(user, key, now));
    const found = await this.#redis.ask((redis) => redis.mget(wanted.map(({ prefix }) => apiKeyKey(prefix))));
    // Those alone: whoever hears of a key closes what it has opened.
    const changed = wanted.filter(({ text }, at) => text !== found[at]);
    if (changed.length === 0) return;
    await this.#redis.together((commands) => {
      for (const each of changed) write(commands, each);
      commands.publish(ACCESS_CHANGE, JSON.stringify({ keys: changed.map(({ prefix }) => prefix) }));
    });
  }

  /** When each of these keys was last used, as far as gateways have said; milliseconds since 1970. */
  async lastUses(prefixes: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (prefixes.length === 0) return new Map();
    const times = await this.#redis.ask((redis) => redis.hmget(API_KEYS_USED, ...prefixes));
    return new Map(prefixes.flatMap((prefix, at) => (times[at] ? [[prefix, Number(times[at])]] : [])));
  }
}

function wantedOf(user: User, key: ApiKey, now: number): Wanted {
  const { prefix, endsAt } = key;
  return { prefix, endsAt, text: isValid(user, key, now) ? JSON.stringify(recordOf(user, key)) : null };
}

function isValid({ state }: User, { revokedAt, endsAt }: ApiKey, now: number): boolean {
  return state === 'active' && revokedAt === null && (endsAt === null || endsAt > now);
}

function recordOf({ id, name, roles }: User, { hash, guards, plugins, endsAt }: ApiKey): ApiKeyRecord {
  return { user: id, name, roles: [...roles], hash, guards: [...guards], plugins: [...plugins], endsAt };
}

function write(commands: Commands, { prefix, text, endsAt }: Wanted): void {
  if (text === null) commands.del(apiKeyKey(prefix));
  else if (endsAt === null) commands.set(apiKeyKey(prefix), text);
  else commands.set(apiKeyKey(prefix), text, 'PXAT', endsAt);
}
