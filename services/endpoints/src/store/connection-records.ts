import type { SealedSecret } from '../secrets/cipher.ts';
import type { ConnectionRow, Database } from './tables.ts';

/** Whose connection it is, and to what. An empty user id: everybody's. */
export interface ConnectionId {
  readonly guid: string;
  readonly userId: string;
}

/** A connection as everybody but the database sees one. */
export interface ConnectionRecord extends ConnectionId {
  readonly kind: string;
  readonly secret: SealedSecret;
  /** Who the user is there; null: not known. */
  readonly userName: string | null;
  /** Whether that user is an administrator there. */
  readonly isAdmin: boolean;
  /** When it ends and cannot be renewed, in milliseconds since 1970; null: it does not, as far as is known. */
  readonly expiresAt: number | null;
  readonly connectedAt: number;
  /** Grows with every change of the credential. */
  readonly version: number;
}

/** The connections. */
export class ConnectionRecords {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Those of a user and everybody's, of all endpoints. */
  async ofUser(userId: string): Promise<ConnectionRecord[]> {
    const query = this.#db.selectFrom('connections').selectAll().where('user_id', 'in', ['', userId]);
    return (await query.execute()).map(toRecord);
  }

  async find({ guid, userId }: ConnectionId): Promise<ConnectionRecord | undefined> {
    const query = this.#db.selectFrom('connections').selectAll().where('endpoint_guid', '=', guid);
    const row = await query.where('user_id', '=', userId).executeTakeFirst();
    return row && toRecord(row);
  }

  /** Stores a connection, also in place of an earlier one. */
  async put(record: Omit<ConnectionRecord, 'version'>): Promise<void> {
    const row = toRow({ ...record, version: 1 });
    await this.#db
      .insertInto('connections')
      .values(row)
      .onConflict((conflict) =>
        conflict.columns(['endpoint_guid', 'user_id']).doUpdateSet((eb) => ({
          ...row,
          version: eb('connections.version', '+', 1),
        })),
      )
      .execute();
  }

  /** Stores another credential if the connection is still as it was; says whether it did. */
  async renew(known: ConnectionRecord, renewed: Pick<ConnectionRecord, 'secret' | 'expiresAt'>) {
    const row = await this.#same(known)
      .set({ ...secretRow(renewed.secret), expires_at: renewed.expiresAt, version: known.version + 1 })
      .returningAll()
      .executeTakeFirst();
    return row && toRecord(row);
  }

  /** The same credential under another key, if the connection is still as it was. */
  async reseal(known: ConnectionRecord, secret: SealedSecret): Promise<void> {
    await this.#same(known).set(secretRow(secret)).where('key_id', '=', known.secret.keyId).execute();
  }

  /** Says whether there was one. */
  async remove({ guid, userId }: ConnectionId): Promise<boolean> {
    const query = this.#db.deleteFrom('connections').where('endpoint_guid', '=', guid);
    const row = await query.where('user_id', '=', userId).returning('user_id').executeTakeFirst();
    return row !== undefined;
  }

  /** Some whose secret is under another key, after a connection in the order of their ids. */
  async underOtherKeys(keyId: string, after: ConnectionId, limit: number): Promise<ConnectionRecord[]> {
    const rows = await this.#db
      .selectFrom('connections')
      .selectAll()
      .where('key_id', '!=', keyId)
      .where((eb) =>
        eb.or([
          eb('endpoint_guid', '>', after.guid),
          eb.and([eb('endpoint_guid', '=', after.guid), eb('user_id', '>', after.userId)]),
        ]),
      )
      .orderBy('endpoint_guid')
      .orderBy('user_id')
      .limit(limit)
      .execute();
    return rows.map(toRecord);
  }

  /** Ids of the keys that secrets are under. */
  async keyIds(): Promise<string[]> {
    const rows = await this.#db.selectFrom('connections').select('key_id').distinct().execute();
    return rows.map(({ key_id }) => key_id);
  }

  /** By its time, too: one that was made after another was removed begins again with the same version. */
  #same({ guid, userId, version, connectedAt }: ConnectionRecord) {
    return this.#db
      .updateTable('connections')
      .where('endpoint_guid', '=', guid)
      .where('user_id', '=', userId)
      .where('version', '=', version)
      .where('connected_at', '=', connectedAt);
  }
}

function secretRow({ text, keyId }: SealedSecret): Pick<ConnectionRow, 'secret' | 'key_id'> {
  return { secret: text, key_id: keyId };
}

function toRecord(row: ConnectionRow): ConnectionRecord {
  return {
    guid: row.endpoint_guid,
    userId: row.user_id,
    kind: row.kind,
    secret: { text: row.secret, keyId: row.key_id },
    userName: row.user_name,
    isAdmin: row.is_admin === 1,
    expiresAt: row.expires_at,
    connectedAt: row.connected_at,
    version: row.version,
  };
}

function toRow(record: ConnectionRecord): ConnectionRow {
  return {
    endpoint_guid: record.guid,
    user_id: record.userId,
    kind: record.kind,
    ...secretRow(record.secret),
    user_name: record.userName,
    is_admin: record.isAdmin ? 1 : 0,
    expires_at: record.expiresAt,
    connected_at: record.connectedAt,
    version: record.version,
  };
}
