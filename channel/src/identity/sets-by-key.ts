const NONE: ReadonlySet<never> = new Set();

/** Values by a key that several of them share. A key is there for as long as it has a value. */
export class SetsByKey<Value> {
  readonly #sets = new Map<string, Set<Value>>();

  get keys(): Iterable<string> {
    return this.#sets.keys();
  }

  of(key: string): ReadonlySet<Value> {
    return this.#sets.get(key) ?? NONE;
  }

  add(key: string, value: Value): void {
    const set = this.#sets.get(key);
    if (set) set.add(value);
    else this.#sets.set(key, new Set([value]));
  }

  remove(key: string, value: Value): void {
    const set = this.#sets.get(key);
    set?.delete(value);
    if (set?.size === 0) this.#sets.delete(key);
  }
}
