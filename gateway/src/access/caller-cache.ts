import { LRUCache } from 'lru-cache';
import type { Caller } from './caller.ts';

/** Somebody who was found, and for how long that may be believed without asking again. */
export interface Found<Value> {
  readonly value: Value;
  readonly lifeMs: number;
}

/** What is remembered of each caller: at least who it is. */
interface Remembered {
  readonly caller: Caller;
}

const MOST = 20_000;
/** The longest that a change can stay unseen when its announcement is lost. */
const LONGEST_LIFE_MS = 30_000;
/** Credentials that do not exist, in a place of their own: guesses must not drive out what is used. */
const MOST_UNKNOWN = 5_000;
const UNKNOWN_LIFE_MS = 5_000;

/**
 * Who stands behind credentials, asked for once and then remembered. What was forgotten while it was being asked for
 * is asked for again, so that no answer from before a change outlives it.
 */
export class CallerCache<Value extends Remembered> {
  readonly #ask: (id: string) => Promise<Found<Value> | undefined>;
  readonly #known = new LRUCache<string, Value>({ max: MOST, ttl: LONGEST_LIFE_MS });
  readonly #unknown = new LRUCache<string, true>({ max: MOST_UNKNOWN, ttl: UNKNOWN_LIFE_MS });
  readonly #asking = new Map<string, Promise<Value | undefined>>();

  constructor(ask: (id: string) => Promise<Found<Value> | undefined>) {
    this.#ask = ask;
  }

  /** At once for what is remembered; undefined for what does not exist. Rejects when nobody can be asked. */
  get(id: string): Value | undefined | Promise<Value | undefined> {
    const known = this.#known.get(id);
    if (known || this.#unknown.has(id)) return known;
    let asking = this.#asking.get(id);
    if (!asking) {
      asking = this.#askFor(id, () => this.#asking.get(id) === asking);
      this.#asking.set(id, asking);
    }
    return asking;
  }

  forget(id: string): void {
    this.#known.delete(id);
    this.#unknown.delete(id);
    this.#asking.delete(id);
  }

  /** Forgets whatever was found for one of these users. */
  forgetUsers(users: readonly string[]): void {
    for (const [id, { caller }] of this.#known.entries()) {
      if (caller.identity.kind === 'user' && users.includes(caller.identity.id)) this.#known.delete(id);
    }
    // Whose they are is not known yet.
    this.#asking.clear();
  }

  clear(): void {
    this.#known.clear();
    this.#unknown.clear();
    this.#asking.clear();
  }

  async #askFor(id: string, isCurrent: () => boolean): Promise<Value | undefined> {
    try {
      const found = await this.#ask(id);
      if (!isCurrent()) return await this.get(id);
      if (found)
        this.#known.set(id, found.value, { ttl: Math.ceil(Math.min(found.lifeMs, LONGEST_LIFE_MS)) });
      else this.#unknown.set(id, true);
      return found?.value;
    } finally {
      if (isCurrent()) this.#asking.delete(id);
    }
  }
}
