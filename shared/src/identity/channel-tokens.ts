import { randomBytes } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { isMac, mac } from './mac.ts';
import type { Secrets } from './secrets.ts';

/** What a channel token says: this client may join that topic. */
export interface ChannelClaims {
  readonly id: string;
  readonly channel: string;
}

/** The claims of a token and when it ends (milliseconds since 1970), or why it does not count. */
export type ChannelVerdict =
  | { readonly ok: true; readonly claims: ChannelClaims; readonly expiresAt: number }
  | { readonly ok: false; readonly reason: 'invalid' | 'expired' | 'other topic' };

const ID_BYTES = 16;
const ID_LENGTH = Math.ceil((ID_BYTES * 4) / 3);

/** A new client id: 128 random bits and their MAC, base64url, without separator; fits in a topic name. */
export function mintChannelId(secrets: Secrets): string {
  const random = randomBytes(ID_BYTES).toString('base64url');
  return random + mac(secrets[0].channelId, random);
}

/** Whether we minted this id; a client cannot make up one, and so cannot name another client's stream. */
export function verifyChannelId(secrets: Secrets, id: string): boolean {
  const keys = secrets.map((each) => each.channelId);
  return isMac(keys, id.slice(0, ID_LENGTH), id.slice(ID_LENGTH));
}

/** A JWT (HS256, RFC 7519) with the claims `id`, `channel` and `exp`. */
export function signChannelToken(secrets: Secrets, claims: ChannelClaims, ttlMs: number): Promise<string> {
  return new SignJWT({ id: claims.id, channel: claims.channel })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime(Math.floor((Date.now() + ttlMs) / 1000))
    .sign(secrets[0].channelToken);
}

/** Checks a token for one topic: it is valid for no other. */
export async function verifyChannelToken(
  secrets: Secrets,
  token: string,
  topic: string,
): Promise<ChannelVerdict> {
  const verdicts = await Promise.all(secrets.map((keys) => verifyWith(keys.channelToken, token, topic)));
  // An expired token of an older secret says more than 'invalid' from the newest.
  return verdicts.find(({ ok }) => ok) ?? verdicts.find(isTelling) ?? { ok: false, reason: 'invalid' };
}

async function verifyWith(key: Buffer, token: string, topic: string): Promise<ChannelVerdict> {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], requiredClaims: ['exp'] });
    const { id, channel, exp = 0 } = payload;
    if (typeof id !== 'string' || typeof channel !== 'string') return { ok: false, reason: 'invalid' };
    if (channel !== topic) return { ok: false, reason: 'other topic' };
    return { ok: true, claims: { id, channel }, expiresAt: exp * 1000 };
  } catch (error) {
    return { ok: false, reason: error instanceof errors.JWTExpired ? 'expired' : 'invalid' };
  }
}

function isTelling(verdict: ChannelVerdict): boolean {
  return !verdict.ok && verdict.reason !== 'invalid';
}
