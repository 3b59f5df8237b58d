import { isSameSecret } from '@plugmesh/shared/access';
import { MeshError, opens, type Identify, type UserIdentity } from '@plugmesh/sdk';
import type { Request } from 'express';

/** Who asks: somebody that the gateway has let in, or the operator at the mesh's own command line. */
export type Caller = UserIdentity | { readonly kind: 'operator' };

/** What callers are told apart by. */
export interface CallersOptions {
  readonly identify: Identify;
  /** The plugin's own token: the gateway takes it out of what it passes on, so whoever shows it has read the secret. */
  readonly token: string | undefined;
}

/** Finds out who is behind a request. Plain headers are not believed: only what is signed. */
export class Callers {
  readonly #options: CallersOptions;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /** Undefined when nobody is known. Rejects with MESH_UNAUTHORIZED for a token that does not count. */
  async find(request: Request): Promise<Caller | undefined> {
    if (this.#isOperator(request)) return { kind: 'operator' };
    const identity = await this.#options.identify(request);
    return identity.kind === 'user' ? identity : undefined;
  }

  /** A user with a session or a key. Rejects with MESH_UNAUTHORIZED. */
  async user(request: Request): Promise<UserIdentity> {
    const caller = await this.find(request);
    if (caller?.kind === 'user') return caller;
    throw new MeshError('MESH_UNAUTHORIZED', 'nobody is logged in');
  }

  /** A user by a session: what a key must not do, as making further keys. */
  async sessionUser(request: Request): Promise<UserIdentity & { readonly session: string }> {
    const user = await this.user(request);
    const { session } = user;
    if (session !== undefined) return { ...user, session };
    throw new MeshError('MESH_FORBIDDEN', 'this needs a login; an API key is not enough');
  }

  /** An administrator or the operator; for the log: who it was. The gateway's guard has looked before. */
  async administrator(request: Request): Promise<string> {
    const caller = await this.find(request);
    if (caller?.kind === 'operator') return 'operator';
    if (!caller) throw new MeshError('MESH_UNAUTHORIZED', 'nobody is logged in');
    if (!opens(caller, 'admin')) throw new MeshError('MESH_FORBIDDEN', 'this is for administrators');
    return `user ${caller.name}`;
  }

  /** The operator alone. Rejects with MESH_UNAUTHORIZED or MESH_FORBIDDEN. */
  async operator(request: Request): Promise<void> {
    const caller = await this.find(request);
    if (caller?.kind === 'operator') return;
    if (!caller) throw new MeshError('MESH_UNAUTHORIZED', 'nobody is logged in');
    throw new MeshError('MESH_FORBIDDEN', 'this is for the operator', {
      fix: './plugmesh key create <name>',
    });
  }

  #isOperator(request: Request): boolean {
    const { token } = this.#options;
    const shown = request.get('authorization');
    if (shown === undefined || token === undefined) return false;
    return isSameSecret(`Bearer ${token}`, shown);
  }
}
