import { MeshError } from '@plugmesh/shared/errors';
import { unavailable } from '../proxy/failure.ts';
import type { Visit } from '../visit.ts';

/** Refuses a plugin whose manifest is invalid: what guards it is not known. */
export function refuseInvalid({ route }: Visit): undefined {
  if (route.closed === 'invalid') throw unavailable(route, "its state is 'invalid'");
}

/** Refuses what cannot be reached whatever its instances say; behind the guard, so that no stranger is told. */
export function refuseClosed({ route }: Visit): undefined {
  if (route.closed === 'ready')
    throw new MeshError('MESH_NOT_FOUND', `'${route.id}' describes endpoint types and serves nothing`);
  if (route.closed) throw unavailable(route, `its state is '${route.closed}'`);
}
