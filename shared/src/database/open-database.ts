import { Kysely, PostgresDialect, SqliteDialect, type Dialect } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import { postgresPool } from './postgres-pool.ts';
import { sqliteDatabase } from './sqlite-database.ts';

/** Where a plugin's records are kept. */
export interface DatabasePlace {
  /** `postgres://…`; without it a SQLite file in `stateDir` is used. */
  readonly url: string | undefined;
  readonly stateDir: string;
}

/** What a plugin keeps there. */
export interface DatabaseOptions extends DatabasePlace {
  /** The plugin's name: of the SQLite file, and of its list of migrations where plugins share a PostgreSQL database. */
  readonly name: string;
  /**
   * What made the tables as they are, in order, for SQLite and PostgreSQL alike. What has been released is not edited: a
   * change is a further one.
   */
  readonly migrations: Readonly<Record<string, Migration>>;
}

/** Opens the database and brings its tables up to date. Rejects when that is not possible. */
export async function openDatabase<Tables>(options: DatabaseOptions): Promise<Kysely<Tables>> {
  const db = new Kysely<Tables>({ dialect: dialectOf(options) });
  try {
    await migrate(db, options);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

function dialectOf({ url, stateDir, name }: DatabaseOptions): Dialect {
  return url === undefined
    ? new SqliteDialect({ database: sqliteDatabase(stateDir, `${name}.sqlite`) })
    : new PostgresDialect({ pool: postgresPool(url) });
}

/** Brings the tables up to date. On PostgreSQL several processes may do so at once: they wait for one another. */
async function migrate<Tables>(db: Kysely<Tables>, { name, migrations }: DatabaseOptions): Promise<void> {
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
  const { error } = await new Migrator({ db, provider, ...listOf(name) }).migrateToLatest();
  if (error instanceof Error) throw error;
  if (error !== undefined) throw new Error('the tables could not be brought up to date', { cause: error });
}

/** The list of `accounts` has the query layer's own name, which it had when it was the only one. */
function listOf(name: string): { migrationTableName?: string; migrationLockTableName?: string } {
  if (name === 'accounts') return {};
  return { migrationTableName: `${name}_migration`, migrationLockTableName: `${name}_migration_lock` };
}
