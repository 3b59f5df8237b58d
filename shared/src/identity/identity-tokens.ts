import {
  createLocalJWKSet,
  errors,
  jwtVerify,
  SignJWT,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { MeshError } from '../errors/index.ts';
import { fromClaims, toClaims } from './identity-claims.ts';
import { identityJwks, identityKey, type IdentityKey } from './identity-keys.ts';
import type { AnonymousIdentity, Identity } from './identity.ts';
import type { Secrets } from './secrets.ts';

/** Header that carries the token: from the gateway, and back to it when a plugin calls another one for a user. */
export const IDENTITY_HEADER = 'x-plugmesh-identity';

const ISSUER = 'plugmesh';
const ALGORITHM = 'EdDSA';
const TTL_SECONDS = 60;

/** What a token says, and when it ends, in seconds since 1970. */
export interface ReadToken {
  readonly identity: Identity;
  readonly endsAt: number;
}

/** Somebody that a token can speak of. */
export type KnownIdentity = Exclude<Identity, AnonymousIdentity>;

/** Signs and verifies identity tokens with the mesh's own secrets: the newest one signs, all of them verify. */
export class IdentityTokens {
  /** What others verify with. */
  readonly jwks: JSONWebKeySet;
  readonly #key: IdentityKey;
  readonly #verifyWith: JWTVerifyGetKey;

  constructor(secrets: Secrets) {
    this.jwks = identityJwks(secrets);
    this.#key = identityKey(secrets[0].identitySeed);
    this.#verifyWith = createLocalJWKSet(this.jwks);
  }

  /**
   * A JWT (EdDSA, RFC 8037) that says for 60 s, or `until`, who somebody is, to one audience only: a plugin's id, `channel` or
   * `mesh`.
   */
  sign(identity: KnownIdentity, audience: string): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const until = identity.kind === 'plugin' ? identity.until : undefined;
    return new SignJWT({ ...toClaims(identity) })
      .setProtectedHeader({ alg: ALGORITHM, kid: this.#key.kid, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(Math.min(now + TTL_SECONDS, until ?? Infinity))
      .sign(this.#key.privateKey);
  }

  /** As `readIdentityToken`. */
  read(token: string, audience: string): Promise<ReadToken> {
    return readIdentityToken(token, audience, this.#verifyWith);
  }

  /** As `verifyIdentityToken`. */
  verify(token: string, audience: string): Promise<Identity> {
    return verifyIdentityToken(token, audience, this.#verifyWith);
  }
}

/** Whom a token means. Throws MESH_UNAUTHORIZED for one that is not ours, not for this audience, or too old. */
export async function verifyIdentityToken(
  token: string,
  audience: string,
  keys: JWTVerifyGetKey,
): Promise<Identity> {
  return (await readIdentityToken(token, audience, keys)).identity;
}

/** As `verifyIdentityToken`, with the time when it ends. */
async function readIdentityToken(token: string, audience: string, keys: JWTVerifyGetKey): Promise<ReadToken> {
  const options = { issuer: ISSUER, audience, algorithms: [ALGORITHM], requiredClaims: ['exp'] };
  try {
    const { payload } = await jwtVerify(token, keys, options);
    const identity = fromClaims(payload);
    if (identity) return { identity, endsAt: payload.exp ?? 0 };
  } catch (cause) {
    if (!isTokensFault(cause)) throw cause;
    const why = cause instanceof errors.JWTExpired ? 'it has expired' : 'it is not valid here';
    throw new MeshError('MESH_UNAUTHORIZED', `the identity token does not count: ${why}`, { cause });
  }
  throw new MeshError('MESH_UNAUTHORIZED', 'the identity token does not count: it names nobody');
}

/** Whether a failure is about the token, and not about keys that could not be fetched. */
function isTokensFault(cause: unknown): boolean {
  return cause instanceof errors.JOSEError && /^ERR_(JW[TS]_|JWKS_NO_MATCHING_KEY|JOSE_ALG)/.test(cause.code);
}
