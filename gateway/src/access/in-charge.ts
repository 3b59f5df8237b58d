import { apiKeyPrefix } from '@plugmesh/shared/access';
import { bearerToken, opens, verifyOperatorToken, type Secrets } from '@plugmesh/shared/identity';
import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from './access.ts';
import type { Caller } from './caller.ts';
import { sessionIdOf } from './session-cookie.ts';

/** What those in charge are known by. */
export interface InChargeParts {
  readonly secrets: Secrets;
  readonly access: Access;
}

type Found = Caller | undefined | Promise<Caller | undefined>;

/**
 * Whether the operator or an administrator wants to read one of the gateway's own addresses, which are no plugin's and pass
 * no steps. Reading only: nobody asks whether the page is ours. Rejects with MESH_REDIS_UNAVAILABLE.
 */
export async function isInCharge(
  headers: IncomingHttpHeaders,
  proto: string,
  { secrets, access }: InChargeParts,
): Promise<boolean> {
  const token = bearerToken(headers.authorization);
  if (token !== undefined && verifyOperatorToken(secrets, token)) return true;
  const caller = await (findByKey(token ?? headers['x-api-key'], access) ??
    findBySession(headers, proto, access));
  return caller !== undefined && caller.plugins.includes('*') && opens(caller.identity, 'admin');
}

function findByKey(key: string | string[] | undefined, access: Access): Found {
  if (typeof key !== 'string') return undefined;
  const prefix = apiKeyPrefix(key);
  return prefix === undefined ? undefined : access.apiKey(prefix, key);
}

function findBySession({ cookie }: IncomingHttpHeaders, proto: string, access: Access): Found {
  const id = sessionIdOf(cookie, proto);
  return id === undefined || id === '' ? undefined : access.session(id);
}
