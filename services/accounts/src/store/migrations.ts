import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What made the tables as they are. What has been released is not edited. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-accounts': {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable('users')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('name_key', 'text', (column) => column.notNull().unique())
        .addColumn('roles', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('sessions_from', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('passwords')
        .addColumn('user_id', 'text', (column) => column.primaryKey().references('users.id'))
        .addColumn('hash', 'text', (column) => column.notNull())
        .addColumn('changed_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('links')
        .addColumn('hash', 'text', (column) => column.primaryKey())
        .addColumn('user_id', 'text', (column) => column.notNull().references('users.id'))
        .addColumn('ends_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('api_keys')
        .addColumn('prefix', 'text', (column) => column.primaryKey())
        .addColumn('user_id', 'text', (column) => column.notNull().references('users.id'))
        .addColumn('hash', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('guards', 'text', (column) => column.notNull())
        .addColumn('plugins', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('ends_at', 'bigint')
        .addColumn('revoked_at', 'bigint')
        .execute();
      await db.schema.createIndex('links_of_user').on('links').column('user_id').execute();
      await db.schema.createIndex('api_keys_of_user').on('api_keys').column('user_id').execute();
    },
  },
};
