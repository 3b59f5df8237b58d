import type { Log } from '@plugmesh/sdk';
import type { ConnectionRecord } from '../store/connection-records.ts';
import type { Store } from '../store/store.ts';
import type { Cipher } from './cipher.ts';
import type { KeyRing } from './key-ring.ts';
import { placeOf } from './place.ts';

/** What a rotation has done. */
export interface RotationReport {
  /** Id of the key that everything is under now. */
  readonly key: string;
  /** How many connections were put under it. */
  readonly connections: number;
  /** How many could not be decrypted: their key is gone. They have to be made again. */
  readonly unreadable: number;
}

/** What rotating works on. */
export interface RotationParts {
  readonly store: Store;
  readonly keys: KeyRing;
  readonly cipher: Cipher;
  readonly log: Log;
}

const STEP = 100;

/**
 * Puts everything under a new key, a hundred connections at a time. Whatever has been done holds; one that was killed is
 * finished by the next, which makes no further key then.
 */
export class Rotation {
  readonly #parts: RotationParts;
  #running: Promise<RotationReport> | undefined;

  constructor(parts: RotationParts) {
    this.#parts = parts;
  }

  /** Only one at a time: whoever asks meanwhile is told of the same. */
  run(): Promise<RotationReport> {
    this.#running ??= this.#rotate().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Says which keys are missing, and forgets those that are no longer needed. */
  async tidy(): Promise<void> {
    const { store, keys, log } = this.#parts;
    const inUse = await store.connections.keyIds();
    const missing = inUse.filter((id) => keys.find(id) === undefined);
    if (missing.length > 0)
      log.error(
        { keys: missing },
        'some connections cannot be decrypted: put their keys back, or connect again',
      );
    keys.forget(new Set(inUse));
  }

  async #rotate(): Promise<RotationReport> {
    const { keys, log } = this.#parts;
    const id = await this.#keyToBe();
    const done = { connections: 0, unreadable: 0 };
    for await (const record of this.#under(id)) {
      const isReadable = await this.#reseal(record);
      done[isReadable ? 'connections' : 'unreadable'] += 1;
    }
    await this.tidy();
    log.info({ key: id, ...done }, 'credentials are under another key');
    return { key: keys.newest().id, ...done };
  }

  /** The newest, where one that was made before has not reached everything that can be read; else a new one. */
  async #keyToBe(): Promise<string> {
    const { store, keys } = this.#parts;
    const newest = keys.newest();
    const left = (await store.connections.keyIds()).filter((id) => id !== newest.id);
    const isUnfinished = left.some((id) => keys.find(id) !== undefined);
    return isUnfinished ? newest.id : keys.add().id;
  }

  async *#under(keyId: string): AsyncGenerator<ConnectionRecord> {
    let last = { guid: '', userId: '' };
    for (;;) {
      const records = await this.#parts.store.connections.underOtherKeys(keyId, last, STEP);
      yield* records;
      if (records.length < STEP) return;
      last = records.at(-1) ?? last;
    }
  }

  /** False: it cannot be decrypted. One that was renewed meanwhile is under the new key by itself. */
  async #reseal(record: ConnectionRecord): Promise<boolean> {
    const { store, cipher } = this.#parts;
    const token = cipher.open(record.secret, placeOf(record));
    if (token === undefined) return false;
    await store.connections.reseal(record, cipher.seal(token, placeOf(record)));
    return true;
  }
}
