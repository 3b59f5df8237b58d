import { createHmac, timingSafeEqual } from 'node:crypto';

/** HMAC-SHA-256 of a text, base64url. */
export function mac(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

/** Whether one of the keys made this MAC. Takes the same time wherever the first difference is. */
export function isMac(keys: readonly Buffer[], text: string, candidate: string): boolean {
  const received = Buffer.from(candidate);
  // Every key is tried, so that the time says nothing about which one fits.
  return keys.filter((key) => sameBytes(Buffer.from(mac(key, text)), received)).length > 0;
}

function sameBytes(expected: Buffer, received: Buffer): boolean {
  return expected.length === received.length && timingSafeEqual(expected, received);
}
