import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import type { Secrets } from './secrets.ts';

/** A key that signs identity tokens, and its name. */
export interface IdentityKey {
  readonly privateKey: KeyObject;
  /** Thumbprint of the public half (RFC 7638): the same in every process. */
  readonly kid: string;
}

/** PKCS #8 around the 32 bytes of an Ed25519 private key (RFC 8410 § 7). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The Ed25519 key of one secret's seed. */
export function identityKey(seed: Buffer): IdentityKey {
  const key = Buffer.concat([PKCS8_ED25519, seed]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, kid: publicJwk(privateKey).kid };
}

/** The public keys of all secrets (RFC 8037): with them tokens of any process are verified while secrets are exchanged. */
export function identityJwks(secrets: Secrets): JSONWebKeySet {
  return { keys: secrets.map(({ identitySeed }) => publicJwk(identityKey(identitySeed).privateKey)) };
}

function publicJwk(privateKey: KeyObject) {
  const { crv = '', kty = '', x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  return { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' };
}
