import { Appearances } from './appearances.ts';
import type { PresenceDiff, PresenceMeta } from './presence.ts';

/** What changed in a topic since its subscribers were told last. */
export class PresenceChanges {
  readonly #joins = new Appearances();
  readonly #leaves = new Appearances();
  #isShown = false;

  get count(): number {
    return this.#joins.count + this.#leaves.count;
  }

  join(key: string, meta: PresenceMeta): void {
    const left = this.#leaves.remove(key, meta.phx_ref);
    // One that is back before anybody heard that it had gone was never away.
    if (!left || this.#isShown) this.#joins.add(key, meta);
  }

  leave(key: string, meta: PresenceMeta): void {
    const joined = this.#joins.remove(key, meta.phx_ref);
    // Nobody has heard of one that came and went in between.
    if (!joined || this.#isShown) this.#leaves.add(key, meta);
  }

  /** A newcomer was sent the state as it is now: what is undone from here on is news to that one. */
  show(): void {
    this.#isShown = true;
  }

  toDiff(): PresenceDiff {
    return { joins: this.#joins.toState(), leaves: this.#leaves.toState() };
  }
}
