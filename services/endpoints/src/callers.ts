import { isSameSecret } from '@plugmesh/shared/access';
import { MeshError, opens, type Identify, type RequestHead, type UserIdentity } from '@plugmesh/sdk';

/** A user who asks, in person or by a plugin that acts for them. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly isAdmin: boolean;
  /** The plugin that acts for the user; undefined: the user's own session or key. */
  readonly plugin?: string;
}

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

  /** A user, in person or by a plugin. Rejects with MESH_UNAUTHORIZED or MESH_FORBIDDEN. */
  async user(request: RequestHead): Promise<Caller> {
    const identity = await this.#options.identify(request);
    if (identity.kind === 'anonymous') throw new MeshError('MESH_UNAUTHORIZED', 'nobody is logged in');
    const user = identity.kind === 'plugin' ? identity.actingFor : identity;
    if (user?.kind !== 'user' || !opens(user, 'session'))
      throw new MeshError('MESH_FORBIDDEN', 'this needs a login, or an API key that opens sessions', {
        fix: identity.kind === 'plugin' ? "give 'call' the request that it is made for" : 'log in',
      });
    return { ...callerOf(user), ...(identity.kind === 'plugin' ? { plugin: identity.id } : {}) };
  }

  /** A user in person: what no plugin does for somebody. */
  async inPerson(request: RequestHead): Promise<Caller> {
    const caller = await this.user(request);
    if (caller.plugin === undefined) return caller;
    throw new MeshError('MESH_FORBIDDEN', 'a plugin does not do this for a user');
  }

  /** The id of a plugin that calls, for whomever. Rejects with MESH_UNAUTHORIZED or MESH_FORBIDDEN. */
  async plugin(request: RequestHead): Promise<string> {
    const identity = await this.#options.identify(request);
    if (identity.kind === 'plugin') return identity.id;
    throw new MeshError(
      identity.kind === 'anonymous' ? 'MESH_UNAUTHORIZED' : 'MESH_FORBIDDEN',
      'this is for plugins, by their own token',
    );
  }

  /** Whoever may read the mesh's secret. Rejects with MESH_UNAUTHORIZED or MESH_FORBIDDEN. */
  async operator(request: RequestHead): Promise<void> {
    const { token, identify } = this.#options;
    const shown = request.headers.authorization;
    if (shown !== undefined && token !== undefined && isSameSecret(`Bearer ${token}`, shown)) return;
    const { kind } = await identify(request);
    throw new MeshError(
      kind === 'anonymous' ? 'MESH_UNAUTHORIZED' : 'MESH_FORBIDDEN',
      'this is for the operator',
      { fix: './plugmesh endpoints rotate' },
    );
  }
}

function callerOf(user: UserIdentity): Caller {
  return { id: user.id, name: user.name, isAdmin: opens(user, 'admin') };
}
