import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, PostgresDialect, SqliteDialect, type SqliteDatabase } from 'kysely';
import { Pool, types } from 'pg';
import { migrate } from './migrations.ts';
import type { Database, Tables } from './tables.ts';

/** Where the accounts are kept. */
export interface DatabasePlace {
  /** `postgres://…`; without it a SQLite file in `stateDir` is used. */
  readonly url: string | undefined;
  readonly stateDir: string;
}

const BUSY_MS = 5000;
const CONNECT_MS = 5000;
const CONNECTIONS = 10;

/** Opens the database and brings its tables up to date. Rejects when that is not possible. */
export async function openDatabase({ url, stateDir }: DatabasePlace): Promise<Database> {
  const dialect =
    url === undefined
      ? new SqliteDialect({ database: sqliteDatabase(stateDir) })
      : new PostgresDialect({ pool: postgresPool(url) });
  const db = new Kysely<Tables>({ dialect });
  try {
    await migrate(db);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Node's own SQLite, in the shape of better-sqlite3, which the query layer knows. */
function sqliteDatabase(folder: string): SqliteDatabase {
  // Nobody else's: the files in it have no modes of their own.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(folder, 'accounts.sqlite'), { timeout: BUSY_MS });
  db.exec('pragma journal_mode = wal; pragma synchronous = full');
  type Values = Parameters<ReturnType<typeof db.prepare>['all']>;
  return {
    close: () => db.close(),
    prepare: (sql) => {
      const statement = db.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...(values as Values)),
        run: (values) => statement.run(...(values as Values)),
        iterate: (values) => statement.iterate(...(values as Values)),
      };
    },
  };
}

function postgresPool(connectionString: string): Pool {
  const pool = new Pool({
    connectionString,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    // Times are counted in milliseconds, which JavaScript's numbers hold.
    types: {
      getTypeParser: (type, format) =>
        type === types.builtins.INT8
          ? Number
          : (types.getTypeParser(type, format) as (text: string) => unknown),
    },
  });
  // An idle connection that breaks is opened anew when it is needed; unheard, the event would end the process.
  pool.on('error', () => undefined);
  return pool;
}
