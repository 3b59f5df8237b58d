import { MeshError } from '@plugmesh/sdk';

/** An external system as a client of it needs to know it. */
export interface Target {
  /** `http:` or `https:`, without credentials; requests go to its path and below. */
  readonly url: string;
  /** Its certificate is not looked at. */
  readonly skipTlsValidation: boolean;
  /** Certificates (PEM) that are believed besides the ones that Node believes. */
  readonly caCert: string | null;
}

/** Where one request goes. */
export interface Address {
  readonly origin: string;
  /** From the first slash on, with the query. */
  readonly path: string;
}

/** Reads a URL that requests may go to. Throws MESH_ENDPOINT_REFUSED. */
export function parseAddress(text: string): URL {
  const url = URL.parse(text);
  if (!url) throw refused(`'${text.slice(0, 200)}' is no URL`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused("only 'http:' and 'https:' are spoken");
  if (url.username !== '' || url.password !== '')
    throw refused('a URL with a user or password in it would be stored and shown as it is');
  return url;
}

/** A path in `target`, `/api/v1/x?q=1`, below its URL. Throws MESH_BAD_REQUEST for one that could lead out of it. */
export function addressBelow(target: Target, path: string): Address {
  const { origin, pathname } = parseAddress(target.url);
  const mark = path.search(/[?#]/);
  const plain = mark === -1 ? path : path.slice(0, mark);
  const query = path[mark] === '?' ? path.slice(mark).split('#', 1)[0] : '';
  refuseWayOut(plain);
  const below = `${pathname.replace(/\/+$/, '')}${plain}`;
  return { origin, path: `${below === '' ? '/' : below}${query ?? ''}` };
}

/** What servers read as a separator, or drop before they split: `%2f`, `\`, `;`, control characters, also twice encoded. */
const SEPARATOR = /[\\;\0-\x20\x7f-\uffff]|%(?:25)*(?:2f|5c|3b|[01][0-9a-f]|7f)/i;
/** A segment that is empty, or `.` or `..` in any spelling. */
const EMPTY_OR_DOTS = /\/(?:(?:\.|%(?:25)*2e){0,2}\/|(?:\.|%(?:25)*2e){1,2}$)/i;
const HALF_ENCODED = /%(?![0-9a-f]{2})/i;

function refuseWayOut(path: string): void {
  const isBelow = path === '' || path.startsWith('/');
  if (isBelow && !SEPARATOR.test(path) && !EMPTY_OR_DOTS.test(path) && !HALF_ENCODED.test(path)) return;
  throw new MeshError(
    'MESH_BAD_REQUEST',
    `the path '${path.slice(0, 200)}' could lead out of the endpoint's URL`,
    {
      fix: "Leave out empty, '.' and '..' segments, and encoded slashes.",
    },
  );
}

/** The error for an address that no request may go to. */
export function refused(why: string, options: { fix?: string } = {}): MeshError {
  return new MeshError('MESH_ENDPOINT_REFUSED', why, options);
}
