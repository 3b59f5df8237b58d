import type { IncomingHttpHeaders } from 'node:http';
import type { GatewayRequest } from '../http/gateway-request.ts';
import { cleanRequestHeaders } from '../http/headers.ts';
import { VIA_NAME } from '../http/hygiene.ts';
import type { Origin } from '../http/forwarded.ts';
import type { Target } from '../http/path.ts';
import { ensureTrace } from '../http/request-id.ts';
import type { Route } from '../routes/route.ts';

/** Where a request goes and where it came from. */
export interface OutgoingParts {
  readonly route: Route;
  /** The path below the route's prefix. */
  readonly rest: string;
  readonly target: Target;
  readonly origin: Origin;
  /** Whether a bearer token is one of the mesh's own, which plugins must not see. */
  readonly isMeshToken: (authorization: string) => boolean;
}

/** Rewrites `req` into what the instance is sent, except for `Host`. Everything is done here: the proxy library only copies. */
export function prepareOutgoing(req: GatewayRequest, parts: OutgoingParts): void {
  const { route, target } = parts;
  const headers = cleanRequestHeaders(req.headers);
  forwardedHeaders(headers, parts);
  headers['x-request-id'] = req.requestId;
  ensureTrace(headers);
  const via = `${req.httpVersion} ${VIA_NAME}`;
  headers.via = headers.via === undefined ? via : `${headers.via}, ${via}`;
  const { authorization } = headers;
  if (route.kind === 'plugin' && authorization !== undefined && parts.isMeshToken(authorization)) {
    delete headers.authorization;
  }
  req.url = (route.stripPrefix ? parts.rest : target.path) + target.query;
  req.headers = headers;
}

function forwardedHeaders(headers: IncomingHttpHeaders, { route, origin }: OutgoingParts): void {
  headers['x-forwarded-for'] = origin.for;
  headers['x-forwarded-proto'] = origin.proto;
  if (origin.host !== '') headers['x-forwarded-host'] = origin.host;
  const prefix = origin.prefix + (route.stripPrefix ? route.prefix : '');
  if (prefix !== '') headers['x-forwarded-prefix'] = prefix;
}
