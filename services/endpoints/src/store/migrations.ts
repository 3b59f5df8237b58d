import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What made the tables as they are. What has been released is not edited. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-endpoints': {
    async up(db: Kysely<unknown>): Promise<void> {
      await createEndpoints(db);
      await createConnections(db);
      await createEvents(db);
      await db.schema
        .createTable('reaches')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('plugin', 'text', (column) => column.notNull())
        .addColumn('secret', 'text', (column) => column.notNull())
        .addColumn('key_id', 'text', (column) => column.notNull())
        .addColumn('ends_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
};

async function createEndpoints(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('endpoints')
    .addColumn('guid', 'text', (column) => column.primaryKey())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('sub_type', 'text')
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('skip_tls', 'integer', (column) => column.notNull())
    .addColumn('ca_cert', 'text')
    .addColumn('info', 'text', (column) => column.notNull())
    .addColumn('token_url', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('endpoints_url_owner', ['url', 'owner'])
    .execute();
}

async function createConnections(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('connections')
    .addColumn('endpoint_guid', 'text', (column) =>
      column.notNull().references('endpoints.guid').onDelete('cascade'),
    )
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('secret', 'text', (column) => column.notNull())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('user_name', 'text')
    .addColumn('is_admin', 'integer', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('connected_at', 'bigint', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('connections_pk', ['endpoint_guid', 'user_id'])
    .execute();
  await db.schema.createIndex('connections_of_key').on('connections').column('key_id').execute();
}

async function createEvents(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('events')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('about', 'text', (column) => column.notNull())
    .addColumn('published_at', 'bigint')
    .execute();
  await db.schema.createIndex('events_of_type').on('events').columns(['type', 'id']).execute();
  await db.schema.createIndex('events_unpublished').on('events').column('published_at').execute();
  await db.schema
    .createTable('event_count')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('last', 'bigint', (column) => column.notNull())
    .execute();
  const counts = db as Kysely<{ event_count: { id: number; last: number } }>;
  await counts.insertInto('event_count').values({ id: 1, last: 0 }).execute();
}
