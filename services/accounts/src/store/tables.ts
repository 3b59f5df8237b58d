import type { Kysely, Selectable } from 'kysely';

/** Times are milliseconds since 1970; lists are JSON. */
export interface Tables {
  users: UserTable;
  passwords: PasswordTable;
  links: LinkTable;
  api_keys: ApiKeyTable;
}

/**
 * Somebody, however they log in: a password is a row beside it, and so will be an account of a single sign-on.
 * `name_key` is the name as it is compared. Sessions that began before `sessions_from` have ended.
 */
interface UserTable {
  id: string;
  name: string;
  name_key: string;
  roles: string;
  state: UserState;
  created_at: number;
  sessions_from: number;
}

interface PasswordTable {
  user_id: string;
  hash: string;
  changed_at: number;
}

/** One-time links, by the hash of what is in them. */
interface LinkTable {
  hash: string;
  user_id: string;
  ends_at: number;
}

interface ApiKeyTable {
  prefix: string;
  user_id: string;
  hash: string;
  name: string;
  guards: string;
  plugins: string;
  created_at: number;
  ends_at: number | null;
  revoked_at: number | null;
}

/** Whoever is `revoked` cannot log in until they are given a new link. */
export type UserState = 'active' | 'revoked';

export type Database = Kysely<Tables>;
export type UserRow = Selectable<UserTable>;
export type ApiKeyRow = Selectable<ApiKeyTable>;
