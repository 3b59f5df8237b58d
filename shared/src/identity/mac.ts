import { createHmac } from 'node:crypto';
import { isSameSecret } from '../access/same-secret.ts';

/** HMAC-SHA-256 of a text, base64url. */
export function mac(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

/** Whether one of the keys made this MAC. Takes the same time wherever the first difference is. */
export function isMac(keys: readonly Buffer[], text: string, candidate: string): boolean {
  // Every key is tried, so that the time says nothing about which one fits.
  return keys.filter((key) => isSameSecret(mac(key, text), candidate)).length > 0;
}
