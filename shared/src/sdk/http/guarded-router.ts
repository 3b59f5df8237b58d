import { Router, type Request, type RequestHandler } from 'express';
import { MeshError } from '../../errors/index.ts';
import { opens, type Identity } from '../../identity/index.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { compileRoutes, letsPlugin, type RouteMatch } from '../../mesh-document/compile-routes.ts';
import type { Identify } from '../plugin-identity.ts';

/** Who passes a guarded router. */
export type RouterGuard = 'session' | 'admin';

/** How a guarded router knows who asks. */
export interface GuardedRouterOptions {
  readonly identify: Identify;
  /** Its rules say which plugins may call. */
  readonly manifest: Manifest;
  /** As for the whole app: rules are about what follows it. */
  readonly prefix: string;
}

const NEEDS: Readonly<Record<RouterGuard | 'none', string>> = {
  session: 'a login',
  admin: 'an administrator',
  none: 'a plugin that the route names',
};

/**
 * A router behind a guard of its own. The gateway has looked at the same before; here the signed token is verified once
 * more, so that whoever reaches the port past the gateway does not pass.
 */
export function createGuardedRouter(guard: RouterGuard, options: GuardedRouterOptions): Router {
  const router = Router();
  const { manifest, prefix } = options;
  const rules = compileRoutes(manifest.http);
  const ruleOf = ({ originalUrl, method }: Request): RouteMatch => {
    const [path = '/'] = originalUrl.slice(prefix.length).split('?', 1);
    return rules(path, method);
  };
  const check: RequestHandler = async (request, _response, next) => {
    // Nothing but this handler: a plugin without such routes may have public ones at the same path.
    if (router.stack.length > 1) {
      const identity = await options.identify(request);
      const rule = ruleOf(request);
      const isNamed = identity.kind === 'plugin' && letsPlugin(rule, identity.id);
      if (!isNamed) requirePassage(identity, rule.guard === 'none' ? 'none' : guard);
    }
    next();
  };
  return router.use(check);
}

function requirePassage(identity: Identity, guard: RouterGuard | 'none'): void {
  if (identity.kind === 'anonymous') throw new MeshError('MESH_UNAUTHORIZED', `this needs ${NEEDS[guard]}`);
  if (guard === 'none' || !opens(identity, guard))
    throw new MeshError('MESH_FORBIDDEN', `this needs ${NEEDS[guard]}`);
}
