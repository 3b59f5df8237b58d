import { openDatabase, type DatabasePlace } from '@plugmesh/shared/database';
import type { Database, Tables } from './tables.ts';
import { ApiKeys } from './api-keys.ts';
import { MIGRATIONS } from './migrations.ts';
import { UserSecrets } from './secrets.ts';
import { Users } from './users.ts';

export type { ApiKey, ApiKeyWish, KeyGuard } from './api-keys.ts';
export { nameKey, type User, type UserChange } from './users.ts';

/** What the database has. */
export interface Records {
  readonly users: Users;
  readonly secrets: UserSecrets;
  readonly apiKeys: ApiKeys;
}

/** What is true about users and their keys, whatever Redis says. */
export interface Store extends Records {
  /** Does work on the records as one change: all of it holds, or nothing when it rejects. */
  atOnce<T>(work: (records: Records) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens the accounts: a PostgreSQL database, or a SQLite file in the plugin's own folder. */
export async function openStore(place: DatabasePlace): Promise<Store> {
  const db: Database = await openDatabase<Tables>({ ...place, name: 'accounts', migrations: MIGRATIONS });
  return {
    ...recordsOf(db),
    atOnce: (work) => db.transaction().execute((transaction) => work(recordsOf(transaction))),
    close: () => db.destroy(),
  };
}

function recordsOf(db: Database): Records {
  return { users: new Users(db), secrets: new UserSecrets(db), apiKeys: new ApiKeys(db) };
}
