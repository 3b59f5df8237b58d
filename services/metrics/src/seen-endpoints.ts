import { MeshError, type Call, type RequestHead } from '@plugmesh/sdk';
import { z } from 'zod';
import type { SeenEndpoint } from './sources.ts';

const list = z.object({
  endpoints: z.array(
    z.object({ guid: z.string(), type: z.string(), url: z.string(), connection: z.unknown() }),
  ),
});

/** The endpoints that a request's user sees. Rejects with MESH_UPSTREAM_FAILED when `endpoints` does not say. */
export async function seenEndpoints(call: Call, request: RequestHead): Promise<readonly SeenEndpoint[]> {
  const answer = await call('endpoints', '/v1/endpoints', { request });
  const said = answer.ok ? list.safeParse(await answer.json()).data : undefined;
  if (!said)
    throw new MeshError('MESH_UPSTREAM_FAILED', `'endpoints' answered ${answer.status} about its endpoints`);
  return said.endpoints.map(({ connection, ...endpoint }) => ({
    ...endpoint,
    connected: connection !== null,
  }));
}
