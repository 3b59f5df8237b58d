import { MeshError } from '@plugmesh/shared/errors';

/**
 * An error of a route: what is neither ours nor a fault in the program comes from Redis,
 * the only thing that these routes wait for.
 */
export function asProblem(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  if (error instanceof TypeError || error instanceof RangeError) {
    return new MeshError('MESH_INTERNAL', 'something went wrong', { cause: error });
  }
  return new MeshError('MESH_REDIS_UNAVAILABLE', 'Redis cannot be reached, or did not do it', {
    cause: error,
    fix: 'try again; with an idempotency key nothing is published twice',
  });
}
