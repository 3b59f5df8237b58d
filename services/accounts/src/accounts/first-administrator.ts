import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../store/store.ts';
import type { UserDesk } from './user-desk.ts';

const NAME = 'admin';

/**
 * The way in when nobody has one yet: a user `admin` without a password, and a link in a file that only the owner of
 * the mesh can read. `./plugmesh up` shows it; it is in no log and no answer.
 */
export class FirstAdministrator {
  readonly #store: Store;
  readonly #desk: UserDesk;
  readonly #file: string;

  constructor(store: Store, desk: UserDesk, stateDir: string) {
    this.#store = store;
    this.#desk = desk;
    this.#file = join(stateDir, 'first-link.json');
  }

  /** Writes a new link while nobody can log in; earlier ones are void then. */
  async invite(): Promise<void> {
    this.forget();
    if (await this.#store.secrets.hasPasswords()) return;
    if (await this.#store.users.isEmpty()) await this.#store.users.create(NAME, ['admin']);
    const user = await this.#store.users.findByName(NAME);
    // None: the first was made by `./plugmesh user create`, and whoever did so has a link. Revoked: by intent.
    if (user?.state !== 'active') return;
    const link = await this.#desk.link(user);
    mkdirSync(join(this.#file, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(this.#file, JSON.stringify({ name: user.name, ...link }), { mode: 0o600, flag: 'wx' });
  }

  /** Removes the file: somebody can log in. */
  forget(): void {
    rmSync(this.#file, { force: true });
  }
}
