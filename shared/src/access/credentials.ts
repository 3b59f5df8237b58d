import { hash, randomBytes } from 'node:crypto';

/** Redis channel of `AccessChange`s: gateways forget what they know of them, channel closes sockets of ended sessions. */
export const ACCESS_CHANGE = 'plugmesh:access';

/** Redis hash of API keys' prefixes: when each was last used, in milliseconds since 1970. Gateways write it, now and then. */
export const API_KEYS_USED = 'plugmesh:keys-used';

/** Name of the session's cookie. By https browsers hold `__Host-` to its rules: no other host and no http page can set it. */
export function sessionCookieName(proto: string): string {
  return proto === 'https' ? '__Host-plugmesh-session' : 'plugmesh-session';
}

const API_KEY = /^pmk_([A-Za-z0-9]{10})_[\w-]{43}$/;

/** Redis key of a session. Only the hash of its id is kept: who reads Redis cannot become somebody. */
export function sessionKey(hash: string): string {
  return `plugmesh:session:${hash}`;
}

/** Redis key of an API key, by the part of it that may be shown. */
export function apiKeyKey(prefix: string): string {
  return `plugmesh:key:${prefix}`;
}

/** A new session id or one-time link: 256 random bits, base64url. It is shown once. */
export function mintSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** A new API key, `pmk_<prefix>_<256 random bits>`. It is shown once. */
export function mintApiKey(): { prefix: string; key: string } {
  const prefix = randomBytes(5).toString('hex');
  return { prefix, key: `pmk_${prefix}_${randomBytes(32).toString('base64url')}` };
}

/** The prefix of what is written like one of our API keys. */
export function apiKeyPrefix(text: string): string | undefined {
  return API_KEY.exec(text)?.[1];
}

/** SHA-256, base64url: 43 characters. Enough for what has 256 random bits; never for passwords. */
export function hashCredential(text: string): string {
  return hash('sha256', text, 'base64url');
}
