import { MeshError } from '@plugmesh/shared/errors';
import type { IdentityTokens } from '@plugmesh/shared/identity';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The keys that identity tokens are verified with (RFC 7517 § 5). */
export type PublicKeys = IdentityTokens['jwks'];

/** Answers `GET /.well-known/jwks.json`. Never from a cache: a plugin that asks has seen a key that it does not know. */
export function answerJwks(req: IncomingMessage, res: ServerResponse, jwks: PublicKeys): void {
  if (req.method !== 'GET' && req.method !== 'HEAD')
    throw new MeshError('MESH_METHOD_NOT_ALLOWED', "'/.well-known/jwks.json' takes GET, HEAD");
  const body = JSON.stringify(jwks);
  res.writeHead(200, {
    'content-type': 'application/jwk-set+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-cache',
  });
  res.end(req.method === 'HEAD' ? undefined : body);
}
