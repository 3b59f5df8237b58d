import { setImmediate as nextTurn } from 'node:timers/promises';
import { refOf, type Appearance } from './presence-notice.ts';
import type { PresenceStore } from './presence-store.ts';

const CHANGES_PER_WRITE = 1000;

/**
 * The members of this process, and what Redis has of them. One write at a time: what changes meanwhile goes with the
 * next one. After a write that failed, nobody knows whether it was carried out: everything is written anew.
 */
export class OwnMembers {
  readonly #store: PresenceStore;
  readonly #members = new Map<string, Appearance>();
  readonly #joins = new Map<string, Appearance>();
  readonly #leaves = new Set<string>();
  #seq = 0;
  #isRenewalDue = false;
  #isReplaceDue = false;
  #writing: Promise<void> | undefined;

  constructor(store: PresenceStore) {
    this.#store = store;
  }

  add(appearance: Appearance): void {
    this.#members.set(refOf(appearance), appearance);
    this.#joins.set(refOf(appearance), appearance);
    this.#write();
  }

  remove(ref: string): void {
    if (!this.#members.delete(ref)) return;
    if (!this.#joins.delete(ref)) this.#leaves.add(ref);
    this.#write();
  }

  /** Renews the lease; when Redis has lost something of us, writes it anew. */
  renew(): void {
    this.#isRenewalDue = true;
    this.#write();
  }

  /** Writes everything anew: the server may be another one, or may have forgotten. */
  replace(): void {
    this.#isReplaceDue = this.#seq > 0 || this.#members.size > 0;
    this.renew();
  }

  /** Takes all of them out of Redis, behind the write that is on its way. */
  async end(): Promise<void> {
    this.#members.clear();
    await this.#writing;
    const seq = this.#seq;
    this.#seq = 0;
    if (seq > 0) await this.#store.end(seq);
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  async #writeAll(): Promise<void> {
    // What joins and leaves in the same turn goes together.
    await nextTurn();
    while (this.#isReplaceDue || this.#isRenewalDue || this.#joins.size + this.#leaves.size > 0) {
      try {
        await this.#writeNext();
      } catch {
        // The next renewal tries again, or the connection when it is back.
        this.#isReplaceDue = this.#seq > 0;
        this.#isRenewalDue = false;
        return;
      }
    }
  }

  async #writeNext(): Promise<void> {
    if (this.#isReplaceDue) await this.#replaceAll();
    else if (this.#joins.size + this.#leaves.size > 0) await this.#writeChanges();
    else await this.#renewLease();
  }

  async #replaceAll(): Promise<void> {
    this.#isReplaceDue = false;
    this.#isRenewalDue = false;
    this.#joins.clear();
    this.#leaves.clear();
    await this.#store.replace(++this.#seq, [...this.#members.values()]);
  }

  async #writeChanges(): Promise<void> {
    const joins = [...this.#joins.values()].slice(0, CHANGES_PER_WRITE);
    const leaves = [...this.#leaves].slice(0, CHANGES_PER_WRITE);
    for (const each of joins) this.#joins.delete(refOf(each));
    for (const ref of leaves) this.#leaves.delete(ref);
    const isWhole = await this.#store.change({ seq: ++this.#seq, joins, leaves, size: this.#storedSize() });
    if (!isWhole) this.#isReplaceDue = true;
  }

  async #renewLease(): Promise<void> {
    this.#isRenewalDue = false;
    const isWhole = await this.#store.renew(this.#seq, this.#storedSize());
    if (!isWhole) this.#isReplaceDue = true;
  }

  /** How many members Redis has when everything but what waits has been written. */
  #storedSize(): number {
    return this.#members.size - this.#joins.size + this.#leaves.size;
  }
}
