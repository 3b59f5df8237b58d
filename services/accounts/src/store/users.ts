import { randomUUID } from 'node:crypto';
import type { Database, UserRow, UserState } from './tables.ts';

/** A user as everybody but the database sees one. Times are milliseconds since 1970. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly state: UserState;
  readonly createdAt: number;
  /** Sessions that began earlier have ended. It grows with each end, and so tells whether something has changed. */
  readonly sessionsFrom: number;
}

/** What may be changed of a user. */
export interface UserChange {
  readonly roles?: readonly string[];
  readonly state?: UserState;
}

/** The users, by name in whatever letter case. */
export class Users {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#db.selectFrom('users').select('id').limit(1).executeTakeFirst()) === undefined;
  }

  /** All of them by name, in order. */
  async list(): Promise<User[]> {
    const rows = await this.#db.selectFrom('users').selectAll().orderBy('name_key').execute();
    return rows.map(toUser);
  }

  async find(id: string): Promise<User | undefined> {
    const row = await this.#db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toUser(row);
  }

  async findByName(name: string): Promise<User | undefined> {
    const query = this.#db.selectFrom('users').selectAll().where('name_key', '=', nameKey(name));
    const row = await query.executeTakeFirst();
    return row && toUser(row);
  }

  /** Those whose sessions were ended after `time`. */
  async endedSince(time: number): Promise<User[]> {
    const query = this.#db.selectFrom('users').selectAll().where('sessions_from', '>', time);
    return (await query.execute()).map(toUser);
  }

  /** Undefined when the name is taken. */
  async create(name: string, roles: readonly string[], now = Date.now()): Promise<User | undefined> {
    const values = {
      id: randomUUID(),
      name: name.normalize('NFC'),
      name_key: nameKey(name),
      roles: JSON.stringify([...new Set(roles)]),
      state: 'active' as const,
      created_at: now,
      sessions_from: 0,
    };
    const row = await this.#db
      .insertInto('users')
      .values(values)
      .onConflict((conflict) => conflict.column('name_key').doNothing())
      .returningAll()
      .executeTakeFirst();
    return row && toUser(row);
  }

  /** Changes a user and ends all sessions begun until now: what they were allowed is no longer true. */
  async change(id: string, change: UserChange, now = Date.now()): Promise<User> {
    return toUser(await this.#update(id, change, now).returningAll().executeTakeFirstOrThrow());
  }

  /** Ends all sessions begun until now of an active user who is still as we know one; undefined when not. */
  async renew({ id, sessionsFrom }: User, now = Date.now()): Promise<User | undefined> {
    const row = await this.#update(id, {}, now)
      .where('sessions_from', '=', sessionsFrom)
      .where('state', '=', 'active')
      .returningAll()
      .executeTakeFirst();
    return row && toUser(row);
  }

  #update(id: string, { roles, state }: UserChange, now: number) {
    return this.#db
      .updateTable('users')
      .set((eb) => ({
        ...(roles === undefined ? {} : { roles: JSON.stringify([...new Set(roles)]) }),
        ...(state === undefined ? {} : { state }),
        // Later than any session of this millisecond, and than the last time, also when the clock was set back.
        sessions_from: eb
          .case()
          .when('sessions_from', '>', now)
          .then(eb('sessions_from', '+', 1))
          .else(now + 1)
          .end(),
      }))
      .where('id', '=', id);
  }
}

/** A name as it is compared: no two users differ only in letter case or in how a letter is composed. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

function toUser({ id, name, roles, state, created_at, sessions_from }: UserRow): User {
  return {
    id,
    name,
    roles: JSON.parse(roles) as string[],
    state,
    createdAt: created_at,
    sessionsFrom: sessions_from,
  };
}
