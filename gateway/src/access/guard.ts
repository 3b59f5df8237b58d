import { MeshError } from '@plugmesh/shared/errors';
import type { CorsPolicy } from '../http/cors.ts';
import type { Step, Visit } from '../visit.ts';
import type { Access } from './access.ts';
import { countsAt, mayPass, type Caller } from './caller.ts';
import { couldChange, senderOf, showsToken, xsrfToken } from './xsrf.ts';

/** What the guard asks. */
export interface GuardParts {
  readonly access: Access;
  /** For routes without a policy of their own. */
  readonly cors: CorsPolicy;
}

/**
 * The step that finds out who is behind a visit and lets pass whom the route is for: 401 when nobody is known, 403 when
 * somebody is who may not. On public routes whoever is not known is anonymous.
 */
export function createGuardStep({ access, cors }: GuardParts): Step {
  return (visit) => {
    const policy = visit.route.cors ?? cors;
    if (visit.route.isAccounts) refuseForeignLogin(visit, policy);
    const { credentials } = visit;
    const found = credentials && access.find(credentials);
    if (!(found instanceof Promise)) {
      admit(visit, found, policy);
      return undefined;
    }
    return found.then(
      (caller) => admit(visit, caller, policy),
      (error: unknown) => {
        if (visit.permission.guard !== 'public') throw error;
      },
    );
  };
}

function admit(visit: Visit, caller: Caller | undefined, cors: CorsPolicy): void {
  const isPublic = visit.permission.guard === 'public';
  if (!caller) {
    if (isPublic) return;
    throw nobodyKnown(visit);
  }
  if (!isMeant(visit, cors)) {
    // A foreign page could send this without the cookie, too.
    if (isPublic) return;
    throw foreign();
  }
  const counts = countsAt(caller, visit);
  if (counts) accept(visit, caller);
  if (!isPublic && !(counts && mayPass(caller, visit))) throw notAllowed(visit);
}

function accept(visit: Visit, { identity }: Caller): void {
  visit.identity = identity;
  const { credentials, req, route } = visit;
  if (credentials?.kind !== 'session') return;
  // Plugins see their own tokens of this kind, and none of the mesh's.
  if (showsToken(visit, credentials.id)) delete req.headers['x-xsrf-token'];
  // Its answer to the session's page: accounts itself never sees the cookie.
  if (route.isAccounts)
    visit.forInstance = { ...visit.forInstance, 'x-plugmesh-xsrf': xsrfToken(credentials.id) };
}

/** Browsers send cookies on their own; keys and tokens are sent on purpose. */
function isMeant(visit: Visit, cors: CorsPolicy): boolean {
  const { credentials } = visit;
  if (credentials?.kind !== 'session' || !couldChange(visit)) return true;
  return senderOf(visit, cors) === 'own page' || showsToken(visit, credentials.id);
}

/** Who is logged in by a foreign page works in somebody else's account without knowing it. */
function refuseForeignLogin(visit: Visit, cors: CorsPolicy): void {
  if (couldChange(visit) && senderOf(visit, cors) === 'foreign page') throw foreign();
}

function nobodyKnown({ permission: { guard } }: Visit): MeshError {
  return new MeshError(
    'MESH_UNAUTHORIZED',
    guard === 'none'
      ? 'this route is for plugins alone, and none is known by this request'
      : `this route is for '${guard}', and nobody is known by this request`,
    {
      fix: HOW_TO_BE_KNOWN[guard as keyof typeof HOW_TO_BE_KNOWN],
    },
  );
}

const OR_OPEN = "To open the plugin to everyone, set guard = 'public' in its section of plugmesh.toml.";
const HOW_TO_BE_KNOWN = {
  key: `Send an API key as Authorization: Bearer or X-API-Key, or log in. ${OR_OPEN}`,
  session: `Log in, or send an API key that opens sessions. ${OR_OPEN}`,
  admin: 'Log in as an administrator.',
  none: 'Only plugins come here, those that the rule of this route names.',
};

function notAllowed({ route, permission: { guard } }: Visit): MeshError {
  return new MeshError(
    'MESH_FORBIDDEN',
    guard === 'none'
      ? `this route of '${route.id}' is for the plugins that its rule names alone`
      : `this route of '${route.id}' is for '${guard}'; these credentials do not open it`,
  );
}

function foreign(): MeshError {
  return new MeshError(
    'MESH_XSRF_REFUSED',
    'a page of another origin may have sent this without its visitor knowing',
    {
      fix: "Send it from a page of this origin, or with X-XSRF-Token as 'GET /api/accounts/v1/session' tells it.",
    },
  );
}
