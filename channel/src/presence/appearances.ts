import type { PresenceMeta, PresenceState } from './presence.ts';

/** A set of appearances: key → reference → meta. */
export class Appearances {
  readonly #keys = new Map<string, Map<string, PresenceMeta>>();
  #count = 0;

  /** How many appearances there are, of all keys together. */
  get count(): number {
    return this.#count;
  }

  add(key: string, meta: PresenceMeta): void {
    const metas = this.#keys.get(key) ?? new Map<string, PresenceMeta>();
    if (!metas.has(meta.phx_ref)) this.#count++;
    this.#keys.set(key, metas.set(meta.phx_ref, meta));
  }

  /** Takes one out and answers it, or undefined when it is not here. */
  remove(key: string, ref: string): PresenceMeta | undefined {
    const metas = this.#keys.get(key);
    const meta = metas?.get(ref);
    if (!metas || !meta) return undefined;
    metas.delete(ref);
    this.#count--;
    if (metas.size === 0) this.#keys.delete(key);
    return meta;
  }

  toState(): PresenceState {
    const state = Object.create(null) as PresenceState;
    for (const [key, metas] of this.#keys) state[key] = { metas: [...metas.values()] };
    return state;
  }
}
