import { MeshError } from '@plugmesh/shared/errors';
import type { Visit } from '../visit.ts';
import { isSameOrigin } from './cors.ts';
import type { GatewayRequest } from './gateway-request.ts';

/** Refuses what is no WebSocket handshake, and pages that may not open one. */
export function checkHandshake(visit: Visit): void {
  checkHead(visit.req);
  checkOrigin(visit);
}

/** RFC 6455 § 4.1. */
function checkHead({ headers, method, httpVersion }: GatewayRequest): void {
  const bodyless = (headers['content-length'] ?? '0') === '0' && headers['transfer-encoding'] === undefined;
  if (method === 'GET' && bodyless && httpVersion === '1.1') return;
  throw new MeshError('MESH_BAD_REQUEST', 'a WebSocket handshake is a GET of HTTP/1.1 without a body');
}

/** Browsers send handshakes across origins without asking. Services check them by rules of their own. */
function checkOrigin({ req, route, origin: own }: Visit): void {
  const { origin } = req.headers;
  if (route.kind === 'service' || origin === undefined) return;
  if (isSameOrigin(origin, own) || route.cors?.allows(origin)) return;
  throw new MeshError('MESH_ORIGIN_REFUSED', `pages of '${origin}' may not open WebSockets here`);
}
