import { MeshError } from '@plugmesh/sdk';
import type { Passwords } from '../passwords.ts';
import type { Attempts } from '../records/attempts.ts';
import type { BegunSession, SessionRecords } from '../records/session-records.ts';
import { nameKey, type Store, type User } from '../store/store.ts';

/** What somebody types to log in, and from where. */
export interface Attempt {
  readonly name: string;
  readonly password: string;
  readonly address: string;
}

/** What signing in needs. */
export interface SignInParts {
  readonly store: Store;
  readonly passwords: Passwords;
  readonly sessions: SessionRecords;
  readonly attempts: Attempts;
  /** Called when somebody has chosen a password by a link. */
  readonly onLinkUsed: (user: User) => void;
}

/** The ways to a session: a password, a one-time link, and a new password. Each begins a new one. */
export class SignIn {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /** Rejects with MESH_UNAUTHORIZED, which does not tell a wrong name from a wrong password. */
  async byPassword(attempt: Attempt): Promise<BegunSession> {
    const user = await this.#check(attempt);
    return this.#begin(user);
  }

  /** Takes a link and sets the password; earlier sessions of the user end. */
  async byLink(link: string, password: string): Promise<BegunSession> {
    const { store, passwords, onLinkUsed } = this.#parts;
    const owner = await store.secrets.linkOwner(link);
    const user = owner === undefined ? undefined : await store.users.find(owner);
    if (!user) throw noLink();
    passwords.check(password, user.name);
    const hash = await passwords.hash(password);
    const renewed = await store.atOnce(async ({ users, secrets }) => {
      const found = await users.renew(user);
      // Taken only now, so that a password that does not fit costs nobody the link.
      if (!found || (await secrets.takeLink(link)) !== user.id) throw noLink();
      await secrets.setPassword(user.id, hash);
      return found;
    });
    onLinkUsed(user);
    return this.#beginAnew(renewed);
  }

  /** Changes the password of whoever knows the present one; all sessions end, and a new one begins. */
  async byNewPassword(attempt: Attempt, newPassword: string): Promise<BegunSession> {
    const { store, passwords } = this.#parts;
    passwords.check(newPassword, attempt.name);
    const user = await this.#check(attempt);
    const hash = await passwords.hash(newPassword);
    const renewed = await store.atOnce(async ({ users, secrets }) => {
      // Whoever was revoked or reset while the password was being hashed has no password to change.
      const found = await users.renew(user);
      if (!found) throw wrong();
      await secrets.setPassword(user.id, hash);
      return found;
    });
    return this.#beginAnew(renewed);
  }

  async #check({ name, password, address }: Attempt): Promise<User> {
    const { store, passwords, attempts } = this.#parts;
    const key = nameKey(name);
    await attempts.count(key, address);
    const user = await store.users.findByName(name);
    const hash = user?.state === 'active' ? await store.secrets.passwordHash(user.id) : undefined;
    if (!(await passwords.verify(password, hash)) || !user) throw wrong();
    await attempts.forget(key, address);
    return user;
  }

  async #beginAnew(user: User): Promise<BegunSession> {
    await this.#parts.sessions.endEarlier(user);
    return this.#begin(user);
  }

  async #begin(user: User): Promise<BegunSession> {
    const { store, sessions } = this.#parts;
    const session = await sessions.begin(user);
    // Whoever was revoked while the password was being checked does not get in.
    const now = await store.users.find(user.id);
    if (now?.state === 'active' && now.sessionsFrom === user.sessionsFrom) return session;
    await sessions.end(user.id, session.hash);
    throw wrong();
  }
}

function wrong(): MeshError {
  return new MeshError('MESH_UNAUTHORIZED', 'the name or the password is wrong');
}

function noLink(): MeshError {
  return new MeshError('MESH_UNAUTHORIZED', 'this link was used, replaced, or has run out', {
    fix: "Ask an administrator for a new one: './plugmesh user reset NAME'.",
  });
}
