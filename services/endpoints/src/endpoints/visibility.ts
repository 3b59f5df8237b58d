import { MeshError } from '@plugmesh/sdk';
import type { Caller } from '../callers.ts';
import type { EndpointRecord } from '../store/endpoint-records.ts';

/** Everybody's endpoints, and of users' own ones those of the caller; administrators see all. */
export function sees({ id, isAdmin }: Caller, { owner }: EndpointRecord): boolean {
  return owner === '' || owner === id || isAdmin;
}

/** Whose endpoints a caller sees; undefined: everybody's and every user's. */
export function ownersSeenBy({ id, isAdmin }: Caller): readonly string[] | undefined {
  return isAdmin ? undefined : ['', id];
}

/** Throws MESH_FORBIDDEN for who sees an endpoint and may not change it. */
export function requireControl({ id, isAdmin }: Caller, { owner, name }: EndpointRecord): void {
  if (isAdmin || owner === id) return;
  throw new MeshError('MESH_FORBIDDEN', `'${name}' is everybody's: only administrators change it`);
}

/** The error for an endpoint that is not there, and for one that the caller does not see: nobody can tell them apart. */
export function unknownEndpoint(guid: string): MeshError {
  return new MeshError('MESH_ENDPOINT_UNKNOWN', `there is no endpoint '${guid.slice(0, 40)}'`, {
    fix: 'GET /api/endpoints/v1/endpoints lists them',
  });
}
