import { MeshError } from '@plugmesh/shared/errors';
import {
  bearerToken,
  IDENTITY_HEADER,
  isOperator,
  opens,
  type Identity,
  type IdentityTokens,
  type Secrets,
  verifyPluginToken,
} from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { Request } from 'express';

/** Who asks for something: somebody known by name, or nobody. */
export interface Asker {
  /** `operator`, `user:<id>`, `key:<id>`, `plugin:<id>`; undefined: nobody is known. */
  readonly who: string | undefined;
  /** What users call themselves. */
  readonly name?: string;
  /** May see and change everything: the operator, and administrators. */
  readonly isInCharge: boolean;
}

/** What askers are known by. */
export interface AskersOptions {
  readonly secrets: Secrets;
  readonly tokens: Pick<IdentityTokens, 'verify'>;
  readonly log: Log;
}

const AUDIENCE = 'mesh';

/** Knows who asks: operator and plugins by their tokens, everybody by the identity token that the gateway sends. */
export class Askers {
  readonly #options: AskersOptions;

  constructor(options: AskersOptions) {
    this.#options = options;
  }

  /** Whether the operator's token is there, which the mesh's own processes have, too. */
  isOperator(req: Request): boolean {
    return isOperator(this.#options.secrets, req.get('authorization'));
  }

  /** Throws MESH_UNAUTHORIZED for an identity token that does not count. */
  async of(req: Request): Promise<Asker> {
    if (this.isOperator(req)) return { who: 'operator', isInCharge: true };
    const identity = req.get(IDENTITY_HEADER);
    if (identity !== undefined) return askerBy(await this.#options.tokens.verify(identity, AUDIENCE));
    const plugin = verifyPluginToken(this.#options.secrets, bearerToken(req.get('authorization')) ?? '');
    return { who: plugin === undefined ? undefined : `plugin:${plugin}`, isInCharge: false };
  }

  /** Throws MESH_UNAUTHORIZED for nobody, MESH_FORBIDDEN for users who are not in charge. */
  async requirePlugin(req: Request): Promise<void> {
    const asker = await this.of(req);
    if (asker.who?.startsWith('plugin:') !== true) requireCharge(asker);
  }

  /** Lets the operator and administrators do something to a plugin, and writes down who did it or tried to. */
  async permit(req: Request, action: string, plugin: string): Promise<void> {
    const asker = await this.of(req);
    const { who = 'nobody', name, isInCharge } = asker;
    const fields = { action, plugin, by: who, name, requestId: req.get('x-request-id') };
    if (isInCharge) this.#options.log.info(fields, 'asked for by somebody in charge');
    else this.#options.log.warn(fields, 'asked for by somebody who may not');
    requireCharge(asker);
  }
}

/** Throws MESH_UNAUTHORIZED for nobody, MESH_FORBIDDEN for somebody else than the operator and administrators. */
function requireCharge({ who, name, isInCharge }: Asker): void {
  if (isInCharge) return;
  if (who !== undefined)
    throw new MeshError('MESH_FORBIDDEN', `this is for administrators, and '${name ?? who}' is none`);
  throw new MeshError('MESH_UNAUTHORIZED', 'this is for the operator and for administrators', {
    fix: 'Log in as an administrator, use the plugmesh command on the mesh’s machine, or send its token as Authorization: Bearer.',
  });
}

function askerBy(identity: Identity): Asker {
  if (identity.kind === 'anonymous') return { who: undefined, isInCharge: false };
  const who = `${identity.kind}:${identity.id}`;
  if (identity.kind !== 'user') return { who, isInCharge: false };
  return { who, name: identity.name, isInCharge: opens(identity, 'admin') };
}
