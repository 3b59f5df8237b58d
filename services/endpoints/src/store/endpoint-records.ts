import type { Database, EndpointRow } from './tables.ts';

/** An endpoint as everybody but the database sees one. */
export interface EndpointRecord {
  readonly guid: string;
  readonly type: string;
  readonly subType: string | null;
  readonly name: string;
  /** As `endpointUrl` writes it: no credentials, no query, no closing slash. */
  readonly url: string;
  /** A user's id; empty: everybody's. */
  readonly owner: string;
  readonly skipTlsValidation: boolean;
  /** PEM; null: the authorities that Node trusts. */
  readonly caCert: string | null;
  /** What its type says about it. */
  readonly info: Readonly<Record<string, unknown>>;
  /** Where tokens come from, when its type knows; null: its type's `tokenPath`. */
  readonly tokenUrl: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Grows with every change. */
  readonly version: number;
}

/** What may be changed of an endpoint. */
export type EndpointChange = Partial<
  Pick<EndpointRecord, 'name' | 'skipTlsValidation' | 'caCert' | 'info' | 'tokenUrl'>
>;

/** The endpoints. */
export class EndpointRecords {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** By name, in order: those of these owners, or with no owners given all of them. */
  async list(owners?: readonly string[]): Promise<EndpointRecord[]> {
    let query = this.#db.selectFrom('endpoints').selectAll();
    if (owners) query = query.where('owner', 'in', owners);
    return (await query.orderBy('name').orderBy('guid').execute()).map(toRecord);
  }

  async find(guid: string): Promise<EndpointRecord | undefined> {
    const query = this.#db.selectFrom('endpoints').selectAll().where('guid', '=', guid);
    const row = await query.executeTakeFirst();
    return row && toRecord(row);
  }

  /** Whether somebody has registered this URL already. */
  async has(url: string, owner: string): Promise<boolean> {
    const query = this.#db.selectFrom('endpoints').select('guid');
    const row = await query.where('url', '=', url).where('owner', '=', owner).executeTakeFirst();
    return row !== undefined;
  }

  async count(owner: string): Promise<number> {
    const query = this.#db.selectFrom('endpoints').select((eb) => eb.fn.countAll().as('n'));
    return Number((await query.where('owner', '=', owner).executeTakeFirstOrThrow()).n);
  }

  /** False when the URL is taken. */
  async add(record: EndpointRecord): Promise<boolean> {
    const row = await this.#db
      .insertInto('endpoints')
      .values(toRow(record))
      .onConflict((conflict) => conflict.columns(['url', 'owner']).doNothing())
      .returning('guid')
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Undefined when it is not there, or no longer as it was. */
  async change(known: EndpointRecord, change: EndpointChange): Promise<EndpointRecord | undefined> {
    const changed = { ...known, ...change, version: known.version + 1 };
    const row = await this.#db
      .updateTable('endpoints')
      .set(toRow(changed))
      .where('guid', '=', known.guid)
      .where('version', '=', known.version)
      .returningAll()
      .executeTakeFirst();
    return row && toRecord(row);
  }

  /** Keeps others from changing or removing it until this transaction ends. Undefined when it is not there. */
  async hold(guid: string): Promise<EndpointRecord | undefined> {
    const row = await this.#db
      .updateTable('endpoints')
      .set((eb) => ({ version: eb.ref('version') }))
      .where('guid', '=', guid)
      .returningAll()
      .executeTakeFirst();
    return row && toRecord(row);
  }

  /** Removes it, and its connections with it. Undefined when it is not there. */
  async remove(guid: string): Promise<EndpointRecord | undefined> {
    const query = this.#db.deleteFrom('endpoints').where('guid', '=', guid).returningAll();
    const row = await query.executeTakeFirst();
    return row && toRecord(row);
  }
}

function toRecord({ info, ...row }: EndpointRow): EndpointRecord {
  return {
    guid: row.guid,
    type: row.type,
    subType: row.sub_type,
    name: row.name,
    url: row.url,
    owner: row.owner,
    skipTlsValidation: row.skip_tls === 1,
    caCert: row.ca_cert,
    info: JSON.parse(info) as Record<string, unknown>,
    tokenUrl: row.token_url,
    createdAt: row.created_at,
    version: row.version,
  };
}

function toRow(record: EndpointRecord): EndpointRow {
  const { guid, type, subType, name, url, owner, skipTlsValidation, caCert, info, tokenUrl } = record;
  return {
    ...{ guid, type, sub_type: subType, name, url, owner },
    skip_tls: skipTlsValidation ? 1 : 0,
    ca_cert: caCert,
    info: JSON.stringify(info),
    token_url: tokenUrl,
    created_at: record.createdAt,
    version: record.version,
  };
}
