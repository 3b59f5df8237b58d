import { hashCredential, isSameSecret } from '@plugmesh/shared/access';
import { isSameOrigin, type CorsPolicy } from '../http/cors.ts';
import { isHandshake, isSafe } from '../http/gateway-request.ts';
import type { Visit } from '../visit.ts';

/** Who a browser says has sent a request: a page of ours, one of another origin; programs do not say. */
export type Sender = 'own page' | 'foreign page' | 'not said';

const OWN_SITES: ReadonlySet<unknown> = new Set(['same-origin', 'none']);

/** Whether a request could change something, so that a cookie alone does not say that its owner meant it. */
export function couldChange({ req }: Visit): boolean {
  return !isSafe(req) || isHandshake(req);
}

/** Who has sent this, by Fetch Metadata where the browser speaks it, else by `Origin`; an origin that we trust is ours. */
export function senderOf({ req, origin: own }: Visit, cors: CorsPolicy): Sender {
  const { origin, 'sec-fetch-site': site } = req.headers;
  if (origin !== undefined && cors.trusts(origin)) return 'own page';
  // Handshakes always have an origin; what browsers say of their site differs.
  if (site !== undefined && !isHandshake(req)) return OWN_SITES.has(site) ? 'own page' : 'foreign page';
  if (origin === undefined) return 'not said';
  return isSameOrigin(origin, own) ? 'own page' : 'foreign page';
}

/** What pages show in `X-XSRF-Token`. It follows from the session's id, which no other page can read. */
export function xsrfToken(sessionId: string): string {
  return hashCredential(`xsrf:${sessionId}`);
}

/** Whether a request shows the token of this session. */
export function showsToken({ req }: Visit, sessionId: string): boolean {
  const shown = req.headers['x-xsrf-token'];
  return typeof shown === 'string' && isSameSecret(xsrfToken(sessionId), shown);
}
