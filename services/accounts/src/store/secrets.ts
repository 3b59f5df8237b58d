import { hashCredential, mintSecret } from '@plugmesh/shared/access';
import type { Database } from './tables.ts';

/** What lets a user in: the hash of a password, and links that let somebody choose one, once. */
export class UserSecrets {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The password's hash; undefined while none was chosen. */
  async passwordHash(userId: string): Promise<string | undefined> {
    const query = this.#db.selectFrom('passwords').select('hash').where('user_id', '=', userId);
    return (await query.executeTakeFirst())?.hash;
  }

  /** Links are for who has none, or has lost it: with a password, all that are left end. */
  async setPassword(userId: string, hash: string, now = Date.now()): Promise<void> {
    const values = { user_id: userId, hash, changed_at: now };
    await this.#db
      .insertInto('passwords')
      .values(values)
      .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ hash, changed_at: now }))
      .execute();
    await this.forgetLinks(userId);
  }

  async forgetPassword(userId: string): Promise<void> {
    await this.#db.deleteFrom('passwords').where('user_id', '=', userId).execute();
  }

  /** Whether anybody has chosen a password yet. */
  async hasPasswords(): Promise<boolean> {
    const query = this.#db.selectFrom('passwords').select('user_id').limit(1);
    return (await query.executeTakeFirst()) !== undefined;
  }

  /** A new link for a user, in place of earlier ones. It is known here only; the database has its hash. */
  async createLink(userId: string, endsAt: number): Promise<string> {
    const link = mintSecret();
    await this.forgetLinks(userId);
    await this.#db
      .insertInto('links')
      .values({ hash: hashCredential(link), user_id: userId, ends_at: endsAt })
      .execute();
    return link;
  }

  async forgetLinks(userId: string): Promise<void> {
    await this.#db.deleteFrom('links').where('user_id', '=', userId).execute();
  }

  /** Whose link this is, while it is valid; it stays so. */
  async linkOwner(link: string, now = Date.now()): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom('links')
      .selectAll()
      .where('hash', '=', hashCredential(link))
      .executeTakeFirst();
    return row && row.ends_at > now ? row.user_id : undefined;
  }

  /** Takes a link: it is gone, whoever comes second gets nothing. Resolves to its user's id while it is valid. */
  async takeLink(link: string, now = Date.now()): Promise<string | undefined> {
    const row = await this.#db
      .deleteFrom('links')
      .where('hash', '=', hashCredential(link))
      .returningAll()
      .executeTakeFirst();
    return row && row.ends_at > now ? row.user_id : undefined;
  }
}
