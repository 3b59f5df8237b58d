import { MeshError } from '@plugmesh/sdk';
import type { KeyRecords } from '../records/key-records.ts';
import type { ApiKey, ApiKeyWish, Store, User } from '../store/store.ts';

/** More are forgotten ones. */
const MOST_KEYS = 50;

/** An API key with when it was last used. */
export interface UsedApiKey extends ApiKey {
  readonly lastUsedAt: number | null;
}

/** The users' API keys, in the database and in Redis. */
export class KeyKeeper {
  readonly #store: Store;
  readonly #records: KeyRecords;

  constructor(store: Store, records: KeyRecords) {
    this.#store = store;
    this.#records = records;
  }

  /** A user's keys, the newest first. */
  async list(userId: string): Promise<UsedApiKey[]> {
    const keys = await this.#store.apiKeys.ofUser(userId);
    const uses = await this.#records.lastUses(keys.map(({ prefix }) => prefix));
    return keys.map((key) => ({ ...key, lastUsedAt: uses.get(key.prefix) ?? null }));
  }

  /** Makes a key; it is in the answer, and never again. */
  async create(user: User, wish: ApiKeyWish): Promise<{ apiKey: ApiKey; key: string }> {
    if (wish.guards.includes('admin') && !user.roles.includes('admin'))
      throw new MeshError('MESH_FORBIDDEN', "only an administrator's key opens the guard 'admin'");
    if ((await this.#store.apiKeys.ofUser(user.id)).length >= MOST_KEYS)
      throw new MeshError('MESH_BAD_REQUEST', `a user has at most ${MOST_KEYS} keys`, {
        fix: 'Revoke those that are not used.',
      });
    const created = await this.#store.apiKeys.create(user.id, wish);
    await this.#takeBack(user, created.apiKey);
    await this.bringUp(user.id);
    return created;
  }

  /** Whoever was revoked or got other roles while a key was being made does not keep it. */
  async #takeBack(user: User, { prefix }: ApiKey): Promise<void> {
    const now = await this.#store.users.find(user.id);
    if (now?.sessionsFrom === user.sessionsFrom) return;
    await this.#store.apiKeys.revoke(user.id, prefix);
    throw new MeshError('MESH_UNAUTHORIZED', 'the session has ended');
  }

  /** Revokes one of a user's keys. */
  async revoke(userId: string, prefix: string): Promise<void> {
    const revoked = await this.#store.apiKeys.revoke(userId, prefix);
    if (revoked.length === 0) throw new MeshError('MESH_NOT_FOUND', `there is no key '${prefix}'`);
    await this.bringUp(userId);
  }

  /**
   * Brings the records of a user's keys up to the database. What another process changes meanwhile is seen by reading
   * once more, so that whoever writes last writes what is true.
   */
  async bringUp(userId: string): Promise<void> {
    let known = await this.#read(userId);
    for (;;) {
      if (known.user) await this.#records.write(known.user, known.keys);
      const next = await this.#read(userId);
      if (JSON.stringify(next) === JSON.stringify(known)) return;
      known = next;
    }
  }

  /** The same for everybody who has keys. */
  async bringUpAll(): Promise<void> {
    for (const owner of await this.#store.apiKeys.owners()) await this.bringUp(owner);
  }

  async #read(userId: string): Promise<{ user: User | undefined; keys: ApiKey[] }> {
    return { user: await this.#store.users.find(userId), keys: await this.#store.apiKeys.everyOf(userId) };
  }
}
