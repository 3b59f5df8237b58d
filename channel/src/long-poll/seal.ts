import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Secrets } from '@plugmesh/shared/identity';

const SALT_BYTES = 16;
const TAG_BYTES = 16;
/** Every message has a key of its own, by its salt: so this may be the same for all. */
const NONCE = Buffer.alloc(12);

/**
 * Seals what channel processes tell each other (AES-256-GCM): only they, who have the mesh's secret, can read it or make
 * it. What is sealed for one address cannot be opened at another.
 */
export class Seal {
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /** `salt tag ciphertext` */
  seal(address: string, text: string): Buffer {
    const salt = randomBytes(SALT_BYTES);
    const cipher = createCipheriv('aes-256-gcm', keyOf(this.#secrets[0].relay, salt), NONCE);
    cipher.setAAD(Buffer.from(address));
    const data = Buffer.concat([cipher.update(text), cipher.final()]);
    return Buffer.concat([salt, cipher.getAuthTag(), data]);
  }

  /** The text; undefined when somebody else made it, or for another address. */
  open(address: string, sealed: Buffer): string | undefined {
    const salt = sealed.subarray(0, SALT_BYTES);
    const tag = sealed.subarray(SALT_BYTES, SALT_BYTES + TAG_BYTES);
    if (tag.length < TAG_BYTES) return undefined;
    const data = sealed.subarray(SALT_BYTES + TAG_BYTES);
    for (const { relay } of this.#secrets) {
      const decipher = createDecipheriv('aes-256-gcm', keyOf(relay, salt), NONCE, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(address)).setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(data), decipher.final()]).toString();
      } catch {
        // Not by this secret; an older one may fit.
      }
    }
    return undefined;
  }
}

function keyOf(secret: Buffer, salt: Buffer): Buffer {
  return createHmac('sha256', secret).update(salt).digest();
}
