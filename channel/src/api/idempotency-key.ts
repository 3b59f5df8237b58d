import { MeshError } from '@plugmesh/shared/errors';

const KEY = /^[\x20-\x7e]{1,255}$/;
/** A String of Structured Fields (RFC 9651 § 3.3.3); without the quotes as most clients send it. */
const HEADER = /^(?:"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"|([^\s",;\\]+))$/;

/** The key of an `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header § 2.1), or undefined without one. */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, quoted, bare] = HEADER.exec(header.toString().trim()) ?? [];
  return readIdempotencyKey(quoted?.replace(/\\(.)/g, '$1') ?? bare);
}

/** Checks a key. */
export function readIdempotencyKey(key: unknown): string {
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw new MeshError('MESH_BAD_REQUEST', 'an idempotency key has 1 to 255 printable characters of ASCII', {
    fix: 'send for instance Idempotency-Key: "8e03978e-40d5-43e8-bc93-6894a57f9324"',
  });
}
