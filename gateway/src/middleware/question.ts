import type { IncomingHttpHeaders } from 'node:http';
import { ensureTrace } from '../http/request-id.ts';
import { outgoingHeaders } from '../proxy/outgoing.ts';
import type { Visit } from '../visit.ts';

/**
 * The body's length: middleware is sent none. And conditions on what the plugin answers: a 304 or 206 of middleware would
 * be taken for the plugin's.
 */
const NOT_ASKED = [
  'content-length',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
];

/**
 * The headers that middleware is asked with, as forward-auth services know them: the client's, what earlier steps say,
 * and what was asked for in `X-Forwarded-Method` and `X-Forwarded-Uri` (path of the mesh, with the query).
 */
export function questionHeaders(
  visit: Visit,
  isMeshToken: (authorization: string) => boolean,
): IncomingHttpHeaders {
  const { req, target, origin } = visit;
  // Into the client's own headers: every question and the plugin are parts of one trace.
  ensureTrace(req.headers);
  const headers = outgoingHeaders(visit);
  const { authorization } = headers;
  // Those for the mesh's own services are still there.
  if (authorization !== undefined && isMeshToken(authorization)) delete headers.authorization;
  for (const name of NOT_ASKED) Reflect.deleteProperty(headers, name);
  for (const name in headers) {
    // What steps say to the one plugin that the visit is for.
    if (name.startsWith('x-plugmesh-')) Reflect.deleteProperty(headers, name);
  }
  headers['x-forwarded-method'] = req.method ?? 'GET';
  headers['x-forwarded-uri'] = target.path + target.query;
  if (origin.prefix !== '') headers['x-forwarded-prefix'] = origin.prefix;
  return headers;
}
