import type { Identity } from '../identity/index.ts';
import { apiKeyKey, sessionKey } from './credentials.ts';

/** Redis key of the session or API key that somebody is known by; undefined for who is known by none. */
export function accessKeyOf(identity: Identity): string | undefined {
  if (identity.kind !== 'user') return undefined;
  const { session, key } = identity;
  if (session !== undefined) return sessionKey(session);
  return key === undefined ? undefined : apiKeyKey(key);
}
