import type { SealedSecret } from '../secrets/cipher.ts';
import type { Database } from './tables.ts';

/** What a plugin may reach during a callout. */
export interface ReachRecord {
  readonly id: string;
  readonly plugin: string;
  readonly secret: SealedSecret;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

/** What plugins may reach now. In the database, so that every process of this plugin knows it. */
export class ReachRecords {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add({ id, plugin, secret, endsAt }: ReachRecord): Promise<void> {
    const row = { id, plugin, secret: secret.text, key_id: secret.keyId, ends_at: endsAt };
    await this.#db.insertInto('reaches').values(row).execute();
  }

  /** Undefined when it is not there, or has ended. */
  async find(id: string, now = Date.now()): Promise<ReachRecord | undefined> {
    const query = this.#db.selectFrom('reaches').selectAll().where('id', '=', id).where('ends_at', '>', now);
    const row = await query.executeTakeFirst();
    if (!row) return undefined;
    const secret = { text: row.secret, keyId: row.key_id };
    return { id, plugin: row.plugin, secret, endsAt: row.ends_at };
  }

  /** Removes one, and what processes that were killed have left. */
  async remove(id: string, now = Date.now()): Promise<void> {
    const query = this.#db
      .deleteFrom('reaches')
      .where((eb) => eb.or([eb('id', '=', id), eb('ends_at', '<=', now)]));
    await query.execute();
  }
}
