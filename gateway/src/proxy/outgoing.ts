import type { IncomingHttpHeaders } from 'node:http';
import { cleanRequestHeaders } from '../http/headers.ts';
import { ensureTrace } from '../http/request-id.ts';
import { viaOf } from '../identity/circle.ts';
import type { Visit } from '../visit.ts';

/** Rewrites `req` into what the instance is sent, except for `Host`. Everything is done here: the proxy library only copies. */
export function prepareOutgoing(visit: Visit): void {
  const { req, route, rest, target } = visit;
  const headers = outgoingHeaders(visit);
  const prefix = visit.origin.prefix + (route.stripPrefix ? route.prefix : '');
  if (prefix !== '') headers['x-forwarded-prefix'] = prefix;
  req.url = (route.stripPrefix ? rest : target.path) + target.query;
  req.headers = headers;
}

/**
 * What a plugin is told of a visit, whichever plugin it is: the client's headers without what is the gateway's or the
 * mesh's own, what the gateway says, and over both what steps say. Without the prefix of the route.
 */
export function outgoingHeaders(visit: Visit): IncomingHttpHeaders {
  const { req, route, origin } = visit;
  const headers = cleanRequestHeaders(req.headers);
  headers['x-forwarded-for'] = origin.for;
  headers['x-forwarded-proto'] = origin.proto;
  if (origin.host !== '') headers['x-forwarded-host'] = origin.host;
  headers['x-request-id'] = req.requestId;
  ensureTrace(headers);
  headers.via = viaOf(headers.via, req.httpVersion, route.id);
  for (const name in visit.forInstance) {
    const value = visit.forInstance[name];
    if (value === undefined) Reflect.deleteProperty(headers, name);
    else headers[name] = value;
  }
  return headers;
}
