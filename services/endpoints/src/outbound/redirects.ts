import type { OutboundRequest } from './exchange.ts';
import type { OutboundAnswer } from './outbound.ts';
import { parseAddress, type Target } from './target.ts';

/** A request and where it goes. */
export interface Step {
  readonly target: Target;
  readonly request: OutboundRequest;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** The method and the body stay as they are. */
const SAME: ReadonlySet<number> = new Set([307, 308]);
/** What another system may see of a request. */
const HARMLESS = /^(?:accept|accept-language|user-agent)$/i;

/**
 * The request that an answer asks for; undefined: it is no redirect. Throws MESH_ENDPOINT_REFUSED for an address that is no
 * HTTP. To another origin go neither credentials nor bodies, and its certificate counts whatever is said of the first one's.
 */
export function nextRequest(
  { target, request }: Step,
  { status, headers }: OutboundAnswer,
): Step | undefined {
  const { location } = headers;
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  const next = parseAddress(URL.parse(location, addressOf(target, request))?.href ?? location);
  const isSame = next.origin === new URL(target.url).origin;
  const keeps = isSame && (SAME.has(status) || request.method === 'GET' || request.method === 'HEAD');
  return {
    target: { ...target, url: next.origin, skipTlsValidation: isSame && target.skipTlsValidation },
    request: {
      ...request,
      method: keeps || request.method === 'HEAD' ? request.method : 'GET',
      body: keeps ? (request.body ?? null) : null,
      path: `${next.pathname}${next.search}`,
      headers: isSame ? request.headers : harmless(request.headers),
    },
  };
}

function addressOf({ url }: Target, { path }: OutboundRequest): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, '')}${path}`;
}

function harmless(headers: OutboundRequest['headers']): OutboundRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.test(name)));
}
