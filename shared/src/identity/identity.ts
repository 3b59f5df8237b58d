/** Nobody that we know. */
export interface AnonymousIdentity {
  readonly kind: 'anonymous';
}

/** A signed-in user. */
export interface UserIdentity {
  readonly kind: 'user';
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** The session it came from; logging out ends it. */
  readonly session: string;
}

/** A plugin that calls with its own token, possibly for a user. */
export interface PluginIdentity {
  readonly kind: 'plugin';
  readonly id: string;
  readonly actingFor?: UserIdentity;
}

/** Who is behind a request, verified. */
export type Identity = AnonymousIdentity | UserIdentity | PluginIdentity;

/** Every request before a guard has looked at it. */
export const ANONYMOUS: AnonymousIdentity = Object.freeze({ kind: 'anonymous' });
