import { MeshError } from '@plugmesh/shared/errors';
import { isOperator, opens, type Identity, type Secrets } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import type { IncomingMessage } from 'node:http';
import type { Identify } from '../identity/identify.ts';
import type { Route } from './http-routes.ts';

/** What whoever asks is known by. */
export interface AdministratorParts {
  readonly secrets: Secrets;
  readonly identify: Identify;
  readonly log: Log;
}

/**
 * Lets the operator and administrators through, and writes down who changes something. The one place that says who may read
 * metrics and use the server API.
 */
export function forAdministrators({ secrets, identify, log }: AdministratorParts, route: Route): Route {
  return async (request, response) => {
    const isKnown = isOperator(secrets, request.headers.authorization);
    if (!isKnown) writeDown(request, requireAdmin(await identify(request)), log);
    return route(request, response);
  };
}

/** The id of an administrator. */
function requireAdmin(identity: Identity): string {
  if (identity.kind === 'anonymous') {
    throw new MeshError('MESH_UNAUTHORIZED', 'this is for the operator and for administrators', {
      fix: 'Log in as an administrator, or send what ./plugmesh token prints as Authorization: Bearer.',
    });
  }
  if (opens(identity, 'admin')) return identity.id;
  throw new MeshError('MESH_FORBIDDEN', `this is for administrators, and '${identity.id}' is none`);
}

/** Not what the operator does: backends publish with its token, thousands of times a second. */
function writeDown({ method, url, headers }: IncomingMessage, user: string, log: Log): void {
  if (method === 'GET' || method === 'HEAD') return;
  const fields = { action: `${method ?? ''} ${url?.split('?')[0] ?? ''}`, by: `user:${user}` };
  log.info({ ...fields, requestId: headers['x-request-id'] }, 'asked for by an administrator');
}
