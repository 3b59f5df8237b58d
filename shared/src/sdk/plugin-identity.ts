import type { IncomingHttpHeaders } from 'node:http';
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { MeshError } from '../errors/index.ts';
import { ANONYMOUS, IDENTITY_HEADER, verifyIdentityToken, type Identity } from '../identity/index.ts';

/** What of a request says who is behind it. */
export interface RequestHead {
  readonly headers: IncomingHttpHeaders;
}

/** Who is behind a request. */
export type Identify = (request: RequestHead) => Promise<Identity>;

/** After a key that is not known, the keys are fetched again; not more often than this. */
const COOLDOWN_MS = 1000;

/** Verifies the gateway's tokens for one plugin, with the keys that the gateway publishes. */
export function createIdentify(plugin: string, meshUrl: string | undefined): Identify {
  const keys = meshUrl === undefined ? noKeys : remoteKeys(meshUrl);
  return identifyBy((token) => verifyIdentityToken(token, plugin, keys));
}

/** Finds out who is behind a request by what is made of its token; nobody, where there is none. */
export function identifyBy(verify: (token: string) => Promise<Identity>): Identify {
  return async ({ headers }) => {
    const token = headers[IDENTITY_HEADER];
    return token === undefined ? ANONYMOUS : verify(String(token));
  };
}

function remoteKeys(meshUrl: string): JWTVerifyGetKey {
  const address = new URL('/.well-known/jwks.json', meshUrl);
  return createRemoteJWKSet(address, { cooldownDuration: COOLDOWN_MS });
}

function noKeys(): never {
  throw new MeshError('MESH_NOT_SUPPORTED', 'identity tokens cannot be verified: PLUGMESH_URL is not set');
}
