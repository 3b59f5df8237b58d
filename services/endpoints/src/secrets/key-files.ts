import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EncryptionKey, KeyRing } from './key-ring.ts';

const FORM = /^(\d{15}-[0-9a-f]{8})\.key$/;
const KEY_BYTES = 32;
/** A process that has taken a key to encrypt with is done with it long before. */
const GIVEN_UP_MS = 600_000;

/**
 * Keys as files of their own, `keys/<when it was made>-<random>.key`, that only their owner can read. Each is made in one
 * step and never changed, so that several processes, and one that is killed, leave nothing half.
 */
export class KeyFiles implements KeyRing {
  readonly #folder: string;
  readonly #known = new Map<string, Buffer>();

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'keys');
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    if (this.#ids().length === 0) this.add();
  }

  /** By the folder and not from memory: another process may have made a newer one. */
  newest(): EncryptionKey {
    const id = this.#ids().at(-1);
    const key = id === undefined ? undefined : this.find(id);
    return id === undefined || key === undefined ? this.add() : { id, key };
  }

  find(id: string): Buffer | undefined {
    const known = this.#known.get(id) ?? this.#read(id);
    if (known) this.#known.set(id, known);
    return known;
  }

  add(): EncryptionKey {
    const after = Math.max(Date.now(), timeOf(this.#ids().at(-1) ?? '') + 1);
    const id = `${String(after).padStart(15, '0')}-${randomBytes(4).toString('hex')}`;
    const key = randomBytes(KEY_BYTES);
    const part = join(this.#folder, `${id}.part`);
    writeFileSync(part, `${key.toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
    // In one step: nobody reads half a key.
    linkSync(part, this.#file(id));
    rmSync(part);
    this.#known.set(id, key);
    return { id, key };
  }

  forget(inUse: ReadonlySet<string>, now = Date.now()): void {
    for (const part of readdirSync(this.#folder).filter((name) => name.endsWith('.part')))
      if (timeOf(part) + GIVEN_UP_MS < now) rmSync(join(this.#folder, part), { force: true });
    const ids = this.#ids();
    for (const [at, id] of ids.slice(0, -1).entries()) {
      const givenUpAt = timeOf(ids[at + 1] ?? '');
      if (inUse.has(id) || givenUpAt + GIVEN_UP_MS > now) continue;
      rmSync(this.#file(id), { force: true });
      this.#known.delete(id);
    }
  }

  #read(id: string): Buffer | undefined {
    if (!FORM.test(`${id}.key`)) return undefined;
    try {
      const key = Buffer.from(readFileSync(this.#file(id), 'utf8'), 'base64');
      return key.length === KEY_BYTES ? key : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #ids(): string[] {
    const names = readdirSync(this.#folder).map((name) => FORM.exec(name)?.[1]);
    return names.filter((id) => id !== undefined).sort();
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.key`);
  }
}

/** When a key was made, milliseconds since 1970; 0: there is none. */
function timeOf(name: string): number {
  return Number(/^\d{15}/.exec(name)?.[0] ?? 0);
}
