import { bearerToken, isOperator, opens, type Secrets } from '@plugmesh/shared/identity';
import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from './access.ts';
import { sessionOf, userKeyOf, type Credentials } from './credentials.ts';

/** What those in charge are known by. */
export interface InChargeParts {
  readonly secrets: Secrets;
  readonly access: Access;
}

/**
 * Whether the operator or an administrator wants to read one of the gateway's own addresses, which are no plugin's and pass
 * no steps. Reading only: nobody asks whether the page is ours. Rejects with MESH_REDIS_UNAVAILABLE.
 */
export async function isInCharge(
  headers: IncomingHttpHeaders,
  proto: string,
  { secrets, access }: InChargeParts,
): Promise<boolean> {
  if (isOperator(secrets, headers.authorization)) return true;
  const credentials = shownIn(headers, proto);
  const caller = credentials && (await access.find(credentials));
  return caller !== undefined && caller.plugins.includes('*') && opens(caller.identity, 'admin');
}

/** A key counts before the cookie, and a wrong one does not fall back to it. */
export function shownIn(headers: IncomingHttpHeaders, proto: string): Credentials | undefined {
  const texts = [bearerToken(headers.authorization), headers['x-api-key']];
  const [key] = texts.flatMap((text) => (typeof text === 'string' ? (userKeyOf(text) ?? []) : []));
  return key ?? sessionOf(headers.cookie, proto);
}
