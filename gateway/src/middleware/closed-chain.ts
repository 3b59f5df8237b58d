import { MeshError } from '@plugmesh/shared/errors';
import type { MiddlewareRule } from '@plugmesh/shared/mesh-document';
import type { Visit } from '../visit.ts';

/**
 * The middleware of a mesh document, for a gateway that cannot ask it yet: what must be asked before a request may go
 * on counts as not answering, so `onError: "deny"` closes (contracts § 1.5). The session phase lies behind guards
 * that are closed anyway.
 */
export class ClosedChain {
  readonly #rules: readonly MiddlewareRule[];

  constructor(rules: readonly MiddlewareRule[]) {
    this.#rules = rules.filter(({ phase, onError }) => phase === 'public' && onError === 'deny');
  }

  /** Throws when a rule other than the plugin's own applies to the path. */
  readonly check = ({ target, route }: Visit): undefined => {
    if (route.kind !== 'plugin') return;
    const rule = this.#rules.find((each) => each.plugin !== route.id && matches(each, target.path));
    if (!rule) return;
    throw new MeshError('MESH_NOT_SUPPORTED', `the middleware '${rule.plugin}' cannot be asked yet`, {
      fix: `disable '${rule.plugin}', or set middleware.onError = 'allow' in its manifest`,
    });
  };
}

function matches({ match }: MiddlewareRule, path: string): boolean {
  return match.some(
    (prefix) => path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`),
  );
}
