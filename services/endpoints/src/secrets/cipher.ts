import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyRing } from './key-ring.ts';

/** An encrypted text, and the id of the key that it is under. */
export interface SealedSecret {
  readonly text: string;
  readonly keyId: string;
}

const ALGORITHM = 'aes-256-gcm';
/** What NIST SP 800-38D § 8.2 recommends. Random ones serve for 2^32 texts under one key. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts what is kept (AES-256-GCM, random IV). `place` says where the text belongs: moved to another place, it is not
 * decrypted.
 */
export class Cipher {
  readonly #keys: KeyRing;

  constructor(keys: KeyRing) {
    this.#keys = keys;
  }

  /** Encrypts any JSON, under the newest key. */
  seal(value: unknown, place: readonly string[]): SealedSecret {
    const { id, key } = this.#keys.newest();
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(
      bytesOf(id, place),
    );
    const parts = [cipher.update(JSON.stringify(value), 'utf8'), cipher.final()];
    return { text: Buffer.concat([iv, ...parts, cipher.getAuthTag()]).toString('base64url'), keyId: id };
  }

  /** Undefined when the key is gone, or the text is not what was encrypted for this place. */
  open({ text, keyId }: SealedSecret, place: readonly string[]): unknown {
    const key = this.#keys.find(keyId);
    const bytes = Buffer.from(text, 'base64url');
    if (!key || bytes.length < IV_BYTES + TAG_BYTES) return undefined;
    const iv = bytes.subarray(0, IV_BYTES);
    const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES })
      .setAAD(bytesOf(keyId, place))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const body = bytes.subarray(IV_BYTES, -TAG_BYTES);
      return JSON.parse(decipher.update(body, undefined, 'utf8') + decipher.final('utf8'));
    } catch {
      return undefined;
    }
  }
}

/** As JSON, so that no two places are the same bytes. */
function bytesOf(keyId: string, place: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify([keyId, ...place]));
}
