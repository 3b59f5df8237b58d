import { MeshError } from '@plugmesh/sdk';
import type { SessionRecords } from '../records/session-records.ts';
import type { Store, User } from '../store/store.ts';
import type { KeyKeeper } from './key-keeper.ts';

/** A link by which a user chooses a password, once. */
export interface OneTimeLink {
  /** Path below the plugin's prefix. The secret stands behind `#`: browsers send that to nobody, so it is in no log. */
  readonly link: string;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

/** What looking after users needs. */
export interface UserDeskParts {
  readonly store: Store;
  readonly sessions: SessionRecords;
  readonly keys: KeyKeeper;
  /** How long links are valid. */
  readonly linkMs: number;
}

/** What administrators do with users. Sessions and keys follow at once, in every process. */
export class UserDesk {
  readonly #parts: UserDeskParts;

  constructor(parts: UserDeskParts) {
    this.#parts = parts;
  }

  list(): Promise<User[]> {
    return this.#parts.store.users.list();
  }

  /** Rejects with MESH_NOT_FOUND. */
  async get(name: string): Promise<User> {
    const user = await this.#parts.store.users.findByName(name);
    if (!user) throw new MeshError('MESH_NOT_FOUND', `there is no user '${name}'`);
    return user;
  }

  /** A user without a password: the link lets them choose one. */
  async create(name: string, roles: readonly string[]): Promise<{ user: User; link: OneTimeLink }> {
    const user = await this.#parts.store.users.create(name, roles);
    if (!user) throw new MeshError('MESH_NAME_TAKEN', `there is a user '${name}' already`);
    return { user, link: await this.link(user) };
  }

  /** Gives a user other roles. Whoever was logged in logs in again; keys go on with the new ones. */
  async setRoles(name: string, roles: readonly string[]): Promise<User> {
    const { id } = await this.get(name);
    return this.#follow(await this.#parts.store.users.change(id, { roles }));
  }

  /** Ends all that a user has: sessions, keys, links. They cannot log in until they are reset. */
  async revoke(name: string): Promise<User> {
    const { id } = await this.get(name);
    const user = await this.#parts.store.atOnce(async ({ users, secrets, apiKeys }) => {
      // The state first: a key that is made meanwhile finds the keys revoked, or its user.
      const revoked = await users.change(id, { state: 'revoked' });
      await secrets.forgetLinks(id);
      await apiKeys.revoke(id);
      return revoked;
    });
    return this.#follow(user);
  }

  /** Forgets the password and ends all sessions; the link lets the user choose a new one. Keys stay. */
  async reset(name: string): Promise<{ user: User; link: OneTimeLink }> {
    const { id } = await this.get(name);
    const user = await this.#parts.store.atOnce(async ({ users, secrets }) => {
      const active = await users.change(id, { state: 'active' });
      await secrets.forgetPassword(id);
      return active;
    });
    await this.#follow(user);
    return { user, link: await this.link(user) };
  }

  /** A new link in place of earlier ones. */
  async link({ id }: User): Promise<OneTimeLink> {
    const endsAt = Date.now() + this.#parts.linkMs;
    return { link: `link#${await this.#parts.store.secrets.createLink(id, endsAt)}`, endsAt };
  }

  /** Brings Redis up to the database: what was changed while it was away, or after it came back empty. */
  async bringUp(since: number): Promise<void> {
    const { store, sessions, keys } = this.#parts;
    for (const user of await store.users.endedSince(since)) await sessions.endEarlier(user);
    await keys.bringUpAll();
  }

  /** What the database says already becomes true in Redis, now or when Redis is back. */
  async #follow(user: User): Promise<User> {
    const { sessions, keys } = this.#parts;
    await sessions.endEarlier(user);
    await keys.bringUp(user.id);
    await sessions.announce(user);
    return user;
  }
}
