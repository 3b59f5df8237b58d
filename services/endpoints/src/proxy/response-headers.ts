import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Target } from '../outbound/target.ts';
import type { ProxiedPath } from './proxied-path.ts';

/** What an external system may say to a client, besides `x-…`; docs/reference/endpoints-proxy.md has the same table. */
export const KEPT_OF_ANSWERS: readonly string[] = [
  'accept-ranges',
  'allow',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'deprecation',
  'digest',
  'docker-content-digest',
  'docker-distribution-api-version',
  'etag',
  'last-modified',
  'link',
  'preference-applied',
  'ratelimit',
  'ratelimit-limit',
  'ratelimit-policy',
  'ratelimit-remaining',
  'ratelimit-reset',
  'repr-digest',
  'retry-after',
  'sunset',
  'vary',
];

/** Of `x-…`, what servers in front of the mesh or browsers would obey, or would take for the mesh's own words. */
export const DROPPED_X: readonly string[] = [
  'x-accel-',
  'x-content-security-policy',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-forwarded-',
  'x-frame-options',
  'x-lighttpd-',
  'x-litespeed-',
  'x-plugmesh-',
  'x-powered-by',
  'x-real-ip',
  'x-request-id',
  'x-sendfile',
  'x-sourcemap',
  'x-ua-compatible',
  'x-webkit-csp',
  'x-xss-protection',
];

const KEPT: ReadonlySet<string> = new Set(KEPT_OF_ANSWERS);

/** No page of an external system runs as one of the mesh, and no browser makes more of an answer than it says it is. */
const GUARD = { 'content-security-policy': 'sandbox', 'x-content-type-options': 'nosniff' };

/** For the plugin of a type alone, which looks at how the system wants to be logged in to; a browser would ask its user. */
const CHALLENGE = 'www-authenticate';

/** What of an external system's answer goes to the client; `prefix` is where its URL is to be found here. */
export function responseHeaders(
  { status, headers }: { readonly status: number; readonly headers: IncomingHttpHeaders },
  target: Target,
  { prefix, kind }: Pick<ProxiedPath, 'prefix' | 'kind'>,
): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && (isKept(name) || (kind === 'reach' && name === CHALLENGE))) kept[name] = value;
  if (status === 204) delete kept['content-length'];
  const { location } = headers;
  const said = location === undefined ? undefined : locationHere(location, target, prefix);
  return {
    ...kept,
    ...(said === undefined ? {} : { location: said }),
    ...GUARD,
    // A cache in between must not give one user's answers to another.
    'cache-control': /no-store/i.test(headers['cache-control'] ?? '') ? 'no-store' : 'private, no-cache',
  };
}

function isKept(name: string): boolean {
  if (KEPT.has(name)) return true;
  return /^x-[a-z0-9-]+$/.test(name) && !DROPPED_X.some((beginning) => name.startsWith(beginning));
}

/** An address of the same endpoint as clients reach it; any other one as it is. Undefined for what is no address. */
function locationHere(location: string, { url }: Target, prefix: string): string | undefined {
  const base = new URL(url);
  const path = base.pathname.replace(/\/+$/, '');
  const to = URL.parse(location, `${base.origin}${path}/`);
  if (!to || !/^https?:$/.test(to.protocol)) return undefined;
  const isBelow = to.origin === base.origin && (to.pathname === path || to.pathname.startsWith(`${path}/`));
  return isBelow ? `${prefix}${to.pathname.slice(path.length)}${to.search}${to.hash}` : to.href;
}
