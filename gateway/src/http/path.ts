import { MeshError } from '@plugmesh/shared/errors';

/** A request target in the one spelling that guard, routes and upstream see. */
export interface Target {
  /** Canonical path; `%XX` is left only for what cannot be written plainly. */
  readonly path: string;
  /** Empty, or from the `?` on, as the client sent it. */
  readonly query: string;
}

// `;` and `\` are missing on purpose: servers disagree about both, so a guard could be walked around.
const PLAIN_PATH = /^(?:\/[\w\-.~!$&'()*+,=:@|^[\]]*)+$/;
const ENCODED_PATH = /^(?:\/(?:[\w\-.~!$&'()*+,=:@|^[\]]|%[0-9A-F]{2})*)+$/;
const EMPTY_OR_DOT_SEGMENT = /\/(?:\/|\.{1,2}(?:\/|$))/;
const QUERY = /^[\x21\x22\x24-\x7e]*$/;
const UNRESERVED = /[\w\-.~]/;
// `/`, `\`, `;` and control characters: decoded by some servers before they split or compare a path.
const NEVER_ENCODED = /[/\\;\0-\x1f\x7f]/;

/** Splits and canonicalises an origin-form target (RFC 9112 § 3.2.1); refuses what servers read differently. */
export function parseTarget(target: string): Target {
  const mark = target.indexOf('?');
  const rawPath = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark);
  const path = PLAIN_PATH.test(rawPath) ? rawPath : decodeUnreserved(rawPath);
  if (EMPTY_OR_DOT_SEGMENT.test(path)) throw refuse("has an empty, '.' or '..' segment");
  if (!QUERY.test(query)) throw refuse('has a character that must be percent-encoded in its query');
  return { path, query };
}

function decodeUnreserved(path: string): string {
  const decoded = path.replace(/%(..?)?/g, (_, digits: string | undefined) => decodeOne(digits));
  if (!ENCODED_PATH.test(decoded)) throw refuse('has a character that must be percent-encoded');
  return decoded;
}

function decodeOne(digits: string | undefined): string {
  if (digits === undefined || !/^[0-9A-Fa-f]{2}$/.test(digits))
    throw refuse("has a '%' without two hex digits");
  const character = String.fromCharCode(Number.parseInt(digits, 16));
  if (NEVER_ENCODED.test(character)) throw refuse(`has '%${digits}', which servers read differently`);
  return UNRESERVED.test(character) ? character : `%${digits.toUpperCase()}`;
}

function refuse(what: string): MeshError {
  return new MeshError('MESH_BAD_REQUEST', `the path ${what}`);
}
