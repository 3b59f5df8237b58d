import type { IncomingHttpHeaders } from 'node:http';
import { setsSession } from '../access/session-cookie.ts';

/** Hop-by-hop headers (RFC 9110 § 7.6.1): never forwarded, in either direction. */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What the gateway alone may say to a plugin, or what frameworks take for the real URL or a proxy's word. */
const RESERVED: readonly string[] = [
  'client-ip',
  'expect',
  'forwarded',
  'proxy',
  'true-client-ip',
  'x-client-ip',
  // Guards know the method that was sent.
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-original-method',
  'x-real-ip',
  'x-rewrite-url',
];
const RESERVED_PREFIX = /^x-(?:plugmesh|forwarded)(?:-|$)/;

/** Headers that another spelling (`_`, `.`, `~`) could forge where they are read as CGI variables (`HTTP_X_FORWARDED_FOR`). */
const NO_ALIAS: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ...RESERVED,
  'authorization',
  'content-length',
  'content-type',
  'cookie',
  'host',
  'origin',
  'traceparent',
  'tracestate',
  'via',
  'x-api-key',
  'x-request-id',
]);

const NEVER_SENT: ReadonlySet<string> = new Set([...HOP_BY_HOP, ...RESERVED]);

/**
 * Names of the mesh's own cookies; plugins neither see nor set them. A cookie without a name (`=plugmesh-session=x`)
 * comes back from the browser without its `=`.
 */
const MESH_COOKIE = /^[\s=]*(?:__(?:Host|Secure)-)?plugmesh[-_]/i;

/** A copy of the client's headers without those that are the gateway's, hop by hop, or spelled to look like them. */
export function cleanRequestHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const clean: IncomingHttpHeaders = {};
  const named = connectionNames(headers.connection);
  for (const name in headers) {
    if (NEVER_SENT.has(name) || RESERVED_PREFIX.test(name)) continue;
    if (named.has(name)) continue;
    if (/[^a-z0-9-]/.test(name) && isForgedAlias(name)) continue;
    clean[name] = headers[name];
  }
  if (clean.cookie !== undefined) keepForeignCookies(clean, clean.cookie);
  return clean;
}

/**
 * Removes from a plugin's answer what belongs to one hop, to the mesh, or to the origin all plugins share; `keepsCors`: not
 * what it says to pages of other origins; `keepsSession`: not the session's cookie.
 */
export function cleanResponseHeaders(
  headers: IncomingHttpHeaders,
  { keepsCors = false, keepsSession = false } = {},
): void {
  if (headers.connection !== undefined)
    for (const name of connectionNames(headers.connection)) drop(headers, name);
  for (const name in headers) {
    if (NEVER_ANSWERED.has(name)) drop(headers, name);
    else if (!keepsCors && name.startsWith('access-control-')) drop(headers, name);
  }
  const cookies = headers['set-cookie'];
  if (cookies !== undefined) {
    const foreign = cookies.filter(
      (cookie) => !MESH_COOKIE.test(cookie) || (keepsSession && setsSession(cookie)),
    );
    if (foreign.length === 0) drop(headers, 'set-cookie');
    else headers['set-cookie'] = foreign;
  }
}

const NEVER_ANSWERED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'server',
  'x-powered-by',
  'service-worker-allowed',
  'clear-site-data',
  // What browsers remember for the whole origin, or tell of everything in it.
  'alt-svc',
  'nel',
  'report-to',
  'reporting-endpoints',
  'strict-transport-security',
]);

const NOTHING: ReadonlySet<string> = new Set();

/** Lower-case names listed in `Connection`; framing and end-to-end basics cannot be removed this way. */
function connectionNames(value: string | undefined): ReadonlySet<string> {
  if (value === undefined || value === 'keep-alive' || value === 'close') return NOTHING;
  const names = new Set(value.toLowerCase().split(/[\s,]+/));
  for (const kept of ['host', 'content-length', 'cookie', 'authorization', 'close', 'keep-alive', '']) {
    names.delete(kept);
  }
  return names;
}

function isForgedAlias(name: string): boolean {
  const plain = name.replace(/[^a-z0-9]/g, '-');
  return NO_ALIAS.has(plain) || RESERVED_PREFIX.test(plain);
}

function keepForeignCookies(headers: IncomingHttpHeaders, cookie: string): void {
  if (!/plugmesh/i.test(cookie)) return;
  const foreign = cookie.split(';').filter((pair) => !MESH_COOKIE.test(pair));
  if (foreign.length === 0) drop(headers, 'cookie');
  else headers.cookie = foreign.join(';').trim();
}

function drop(headers: IncomingHttpHeaders, name: string): void {
  // Not set to undefined: that would still be written as a header.
  Reflect.deleteProperty(headers, name);
}
