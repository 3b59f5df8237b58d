import { timingSafeEqual } from 'node:crypto';

/**
 * Whether somebody has shown the secret, or its hash or MAC. Takes the same time wherever the first difference is; only
 * the length can be told from it. The one place where secrets are compared (test/unit/boundaries.ts).
 */
export function isSameSecret(expected: string | Buffer, shown: string | Buffer): boolean {
  const [a, b] = [bytesOf(expected), bytesOf(shown)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function bytesOf(secret: string | Buffer): Buffer {
  return typeof secret === 'string' ? Buffer.from(secret) : secret;
}
