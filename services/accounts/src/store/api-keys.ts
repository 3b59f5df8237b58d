import { hashCredential, mintApiKey } from '@plugmesh/shared/access';
import type { ApiKeyRow, Database } from './tables.ts';

/** A guard that keys may open. */
export type KeyGuard = 'key' | 'session' | 'admin';

/** What its owner says of a key. */
export interface ApiKeyWish {
  /** What it is for, for people. */
  readonly name: string;
  readonly guards: readonly KeyGuard[];
  /** Ids of the plugins at which it counts; `*` is all. */
  readonly plugins: readonly string[];
  /** Milliseconds since 1970, or null for a key that does not end by itself. */
  readonly endsAt: number | null;
}

/** An API key as the database has it; the key itself is nowhere. */
export interface ApiKey extends ApiKeyWish {
  readonly prefix: string;
  readonly userId: string;
  readonly hash: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

/** The API keys. Revoked ones stay, so that a Redis that was away can be told. */
export class ApiKeys {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Resolves to the key in full, which is shown once. */
  async create(userId: string, wish: ApiKeyWish, now = Date.now()): Promise<{ apiKey: ApiKey; key: string }> {
    const { prefix, key } = mintApiKey();
    const row = await this.#db
      .insertInto('api_keys')
      .values({
        prefix,
        user_id: userId,
        hash: hashCredential(key),
        name: wish.name,
        guards: JSON.stringify([...new Set(wish.guards)]),
        plugins: JSON.stringify([...new Set(wish.plugins)]),
        created_at: now,
        ends_at: wish.endsAt,
        revoked_at: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { apiKey: toApiKey(row), key };
  }

  /** Every key that a user ever had, revoked ones too. */
  async everyOf(userId: string): Promise<ApiKey[]> {
    const query = this.#db.selectFrom('api_keys').selectAll().where('user_id', '=', userId);
    return (await query.orderBy('prefix').execute()).map(toApiKey);
  }

  /** Ids of all who ever had keys. */
  async owners(): Promise<string[]> {
    const rows = await this.#db.selectFrom('api_keys').select('user_id').distinct().execute();
    return rows.map((row) => row.user_id);
  }

  /** A user's keys that were not revoked, the newest first. */
  async ofUser(userId: string): Promise<ApiKey[]> {
    const rows = await this.#db
      .selectFrom('api_keys')
      .selectAll()
      .where('user_id', '=', userId)
      .where('revoked_at', 'is', null)
      .orderBy('created_at', 'desc')
      .execute();
    return rows.map(toApiKey);
  }

  /** Revokes a user's key, or all of them; resolves to those that it ended. */
  async revoke(userId: string, prefix?: string, now = Date.now()): Promise<ApiKey[]> {
    let query = this.#db
      .updateTable('api_keys')
      .set({ revoked_at: now })
      .where('user_id', '=', userId)
      .where('revoked_at', 'is', null);
    if (prefix !== undefined) query = query.where('prefix', '=', prefix);
    return (await query.returningAll().execute()).map(toApiKey);
  }
}

function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    prefix: row.prefix,
    userId: row.user_id,
    hash: row.hash,
    name: row.name,
    guards: JSON.parse(row.guards) as KeyGuard[],
    plugins: JSON.parse(row.plugins) as string[],
    createdAt: row.created_at,
    endsAt: row.ends_at,
    revokedAt: row.revoked_at,
  };
}
