import { MeshError, type UpgradeHandler } from '@plugmesh/sdk';
import type { Request, Response, Router } from 'express';
import type { IncomingMessage } from 'node:http';
import { Carrier } from './carrier.ts';
import { askEach, parseGuids } from './fan-out.ts';
import { Handshakes } from './handshakes.ts';
import type { ProxyParts } from './parts.ts';
import { Passes, type Pass } from './passes.ts';
import { parseProxiedPath, type ProxiedPath } from './proxied-path.ts';

/**
 * Adds `/v1/proxy` and `/v1/reach`. Bodies are passed on as they come: no parser may stand before. The handler that is
 * returned takes WebSocket handshakes to both.
 */
export function addProxyRoutes(router: Router, parts: ProxyParts): UpgradeHandler {
  const passes = new Passes(parts);
  const carrier = new Carrier(parts.outbound, parts.log);
  const handshakes = new Handshakes(parts.outbound);

  const passFor = async (request: IncomingMessage, { kind, id, path }: ProxiedPath): Promise<Pass> => {
    if (kind === 'reach') return passes.toReach(await parts.callers.plugin(request), id);
    const caller = await parts.callers.user(request);
    return passes.toEndpoint(caller, id, { method: request.method ?? 'GET', path, request });
  };

  router.all('/v1/proxy', (request, response) => fanOut(parts, passes, { request, response }));

  router.all(['/v1/proxy/*path', '/v1/reach/*path'], async (request, response) => {
    const proxied = proxiedBy(request, request.url);
    await carrier.carry({ request, response, ...proxied }, await passFor(request, proxied));
  });

  return async (request, socket, head) => {
    const proxied = proxiedBy(request, request.url ?? '/');
    await handshakes.carry({ request, socket, head, ...proxied }, await passFor(request, proxied));
  };
}

interface Visit {
  readonly request: Request;
  readonly response: Response;
}

async function fanOut(parts: ProxyParts, passes: Passes, { request, response }: Visit): Promise<void> {
  if (request.method !== 'GET')
    throw new MeshError('MESH_METHOD_NOT_ALLOWED', 'several endpoints at once are only asked by GET');
  const caller = await parts.callers.user(request);
  const { query } = request;
  const guids = parseGuids(query['guids'], parts.fanOut);
  const { path = '' } = query;
  if (typeof path !== 'string') throw new MeshError('MESH_BAD_REQUEST', "'path' is said once");
  const pass = (guid: string): Promise<Pass> =>
    passes.toEndpoint(caller, guid, { method: 'GET', path, request });
  const answers = await askEach(guids, { outbound: parts.outbound, path, request, pass });
  response.set('Cache-Control', 'no-store').json(answers);
}

/** What a request names, with the prefix as its client sees it. Throws MESH_NOT_FOUND. */
function proxiedBy({ headers }: IncomingMessage, url: string): ProxiedPath {
  const proxied = parseProxiedPath(url);
  if (!proxied) throw new MeshError('MESH_NOT_FOUND', 'this is no path to an endpoint');
  const before = headers['x-forwarded-prefix'];
  return { ...proxied, prefix: `${typeof before === 'string' ? before : ''}${proxied.prefix}` };
}
