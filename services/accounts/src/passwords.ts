import { argon2, randomBytes } from 'node:crypto';
import { isSameSecret } from '@plugmesh/shared/access';
import { promisify } from 'node:util';
import { MeshError } from '@plugmesh/sdk';
import { WorkLimit } from './work-limit.ts';

const hashWith = promisify(argon2);

/** What a hash costs: 19 MiB and two passes, OWASP's first choice for argon2id, some 30 ms. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 };
const TAG_LENGTH = 32;
const SALT_LENGTH = 16;
const LONGEST = 256;

/** As other programs write it (PHC string format), so that costs can change and old hashes stay readable. */
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([\w+/]+)\$([\w+/]+)$/;

/** What passwords of users that do not exist are held against, so that they take as long. */
const NOBODYS = { cost: COST, salt: Buffer.alloc(SALT_LENGTH), tag: Buffer.alloc(TAG_LENGTH) };

/** Hashes passwords with argon2id, two at a time: each takes memory and a processor. */
export class Passwords {
  readonly #least: number;
  readonly #limit = new WorkLimit({ atOnce: 2, waiting: 64 });

  /** `least`: fewest characters. */
  constructor(least: number) {
    this.#least = least;
  }

  /** Throws MESH_BAD_REQUEST for a password that nobody should have. */
  check(password: string, name: string): void {
    const { length } = password.normalize('NFKC');
    if (length < this.#least) throw unfit(`a password needs at least ${this.#least} characters`);
    if (length > LONGEST) throw unfit(`a password has at most ${LONGEST} characters`);
    if (password.toLowerCase().includes(name.toLowerCase()) && length < name.length + this.#least)
      throw unfit('a password that is little more than the name is guessed first');
    if (new Set(password).size < 4) throw unfit('a password needs more than three different characters');
  }

  /** Rejects with MESH_OVERLOADED when too many are waiting. */
  hash(password: string): Promise<string> {
    return this.#limit.run(async () => {
      const salt = randomBytes(SALT_LENGTH);
      const tag = await derive(password, salt, COST);
      const { memory, passes, parallelism } = COST;
      return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
    });
  }

  /** Whether a password has this hash. Without one it never has, and that takes as long to find out. */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const { cost, salt, tag } = hash === undefined ? NOBODYS : readHash(hash);
    const found = await this.#limit.run(() => derive(password, salt, cost));
    return hash !== undefined && isSameSecret(tag, found);
  }
}

function readHash(hash: string): typeof NOBODYS {
  const [, memory, passes, parallelism, salt = '', tag = ''] = PHC.exec(hash) ?? [];
  const parts = {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
  if (parts.tag.length !== TAG_LENGTH) throw new Error('a password hash in the database cannot be read');
  return parts;
}

function derive(password: string, nonce: Buffer, cost: typeof COST): Promise<Buffer> {
  // One password, whichever keyboard composed its letters (RFC 8265 § 4.2).
  const message = password.normalize('NFKC').slice(0, LONGEST);
  return hashWith('argon2id', { message, nonce, tagLength: TAG_LENGTH, ...cost });
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function unfit(message: string): MeshError {
  return new MeshError('MESH_BAD_REQUEST', message, {
    fix: 'Choose a longer one; several words are easy to remember.',
  });
}
