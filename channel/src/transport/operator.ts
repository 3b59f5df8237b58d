import { MeshError } from '@plugmesh/shared/errors';
import { bearerToken, verifyOperatorToken, type Secrets } from '@plugmesh/shared/identity';
import type { Route } from './http-routes.ts';

/** Lets only the operator through. The one place that says who may read metrics and use the server API. */
export function forOperator(secrets: Secrets, route: Route): Route {
  return (request, response) => {
    const token = bearerToken(request.headers.authorization);
    if (token !== undefined && verifyOperatorToken(secrets, token)) return route(request, response);
    throw new MeshError('MESH_UNAUTHORIZED', 'this needs the operator token', {
      fix: 'send what ./plugmesh token prints as Authorization: Bearer',
    });
  };
}
