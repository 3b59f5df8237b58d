/** A guard that asks for more than to be there (contracts § 1.2). */
export type ClosedGuard = 'key' | 'session' | 'admin';

/** Nobody that we know. */
export interface AnonymousIdentity {
  readonly kind: 'anonymous';
}

/** A user, by a session or by an API key: one of the two is there. */
export interface UserIdentity {
  readonly kind: 'user';
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** The guards that it opens: of a session all that its roles allow, of a key those that the key was made for. */
  readonly guards: readonly ClosedGuard[];
  /** Hash of the session it came from; logging out ends it. */
  readonly session?: string;
  /** Prefix of the API key it came from. */
  readonly key?: string;
}

/** Whoever holds a key that stands in the configuration, and is no user. */
export interface KeyIdentity {
  readonly kind: 'key';
  /** Which one: the id of the plugin that it is for, or `gateway`. */
  readonly id: string;
}

/** A plugin that calls with its own token, possibly for a user. */
export interface PluginIdentity {
  readonly kind: 'plugin';
  readonly id: string;
  readonly actingFor?: UserIdentity;
  /** When the token ends that named the user, seconds since 1970: no other one made of it lasts longer. */
  readonly until?: number;
}

/** Who is behind a request, verified. */
export type Identity = AnonymousIdentity | UserIdentity | KeyIdentity | PluginIdentity;

/** Every request before a guard has looked at it. */
export const ANONYMOUS: AnonymousIdentity = Object.freeze({ kind: 'anonymous' });

/** Whether somebody may pass a guard; plugins are let in by the routes that name them, not by guards. */
export function opens(identity: Identity, guard: ClosedGuard): boolean {
  if (identity.kind === 'user') return identity.guards.includes(guard);
  return identity.kind === 'key' && guard === 'key';
}

/** The user's id, for who wants to know of users only. */
export function userOf(identity: Identity): string | undefined {
  return identity.kind === 'user' ? identity.id : undefined;
}
