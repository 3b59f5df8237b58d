import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SqliteDatabase } from 'kysely';

const BUSY_MS = 5000;

/**
 * A transaction takes the right to write when it begins: one that reads first, and writes after another process has
 * written, would be refused at once, however long it may wait.
 */
const SAID_OTHERWISE: Readonly<Record<string, string>> = { begin: 'begin immediate' };

/** Node's own SQLite, in the shape of better-sqlite3, which the query layer knows. */
export function sqliteDatabase(folder: string, name: string): SqliteDatabase {
  // Nobody else's: the files in it have no modes of their own.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(folder, name), { timeout: BUSY_MS });
  db.exec('pragma journal_mode = wal; pragma synchronous = full');
  type Values = Parameters<ReturnType<typeof db.prepare>['all']>;
  return {
    close: () => db.close(),
    prepare: (sql) => {
      const statement = db.prepare(SAID_OTHERWISE[sql] ?? sql);
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...(values as Values)),
        run: (values) => statement.run(...(values as Values)),
        iterate: (values) => statement.iterate(...(values as Values)),
      };
    },
  };
}
