import { Appearances } from './appearances.ts';
import { PresenceChanges } from './presence-changes.ts';
import type { PresenceMeta, PresenceNews, PresenceState } from './presence.ts';

/** Who is in one topic. Above a number of members its subscribers are told only how many there are. */
export class PresenceTopic {
  readonly #present = new Appearances();
  readonly #namesUpTo: number;
  #changes = new PresenceChanges();
  #toldCount = 0;
  #isCounted = false;
  #smallSince: number | undefined;

  constructor(namesUpTo: number) {
    this.#namesUpTo = namesUpTo;
  }

  get count(): number {
    return this.#present.count;
  }

  /** Whether it waits to be told names again. */
  get isCalming(): boolean {
    return this.#smallSince !== undefined;
  }

  join(key: string, meta: PresenceMeta): void {
    this.#present.add(key, meta);
    this.#changes.join(key, meta);
  }

  /** Answers whether there was such an appearance. */
  leave(key: string, ref: string): boolean {
    const meta = this.#present.remove(key, ref);
    if (meta) this.#changes.leave(key, meta);
    return meta !== undefined;
  }

  /** What somebody who joins is told. */
  welcome(): readonly PresenceNews[] {
    this.#changes.show();
    if (!this.#isCounted) return [this.#state()];
    return [{ event: 'presence_state', payload: {} }, this.#size()];
  }

  /** Everybody, whatever subscribers are told. */
  list(): PresenceState {
    return this.#present.toState();
  }

  /** What has changed for the subscribers since they were asked about last; each is built when it is wanted. */
  news(calmMs: number): readonly (() => PresenceNews)[] {
    const changes = this.#changes;
    this.#changes = new PresenceChanges();
    if (this.#isCounted) return this.#isCalm(calmMs) ? this.#toNames() : this.#newCount();
    if (this.count > this.#namesUpTo) return this.#toCounts();
    return changes.count === 0 ? [] : [() => ({ event: 'presence_diff', payload: changes.toDiff() })];
  }

  #isCalm(calmMs: number): boolean {
    if (this.count > this.#namesUpTo) this.#smallSince = undefined;
    else this.#smallSince ??= performance.now();
    return this.#smallSince !== undefined && performance.now() - this.#smallSince >= calmMs;
  }

  #toNames(): readonly (() => PresenceNews)[] {
    this.#isCounted = false;
    this.#smallSince = undefined;
    this.#toldCount = 0;
    return [() => this.#state()];
  }

  /** The empty state takes the names away: half of them, never brought up to date, would be wrong. */
  #toCounts(): readonly (() => PresenceNews)[] {
    this.#isCounted = true;
    return [() => ({ event: 'presence_state', payload: {} }), ...this.#newCount()];
  }

  #newCount(): readonly (() => PresenceNews)[] {
    if (this.count === this.#toldCount) return [];
    this.#toldCount = this.count;
    return [() => this.#size()];
  }

  #size(): PresenceNews {
    return { event: 'presence_count', payload: { count: this.count } };
  }

  #state(): PresenceNews {
    return { event: 'presence_state', payload: this.#present.toState() };
  }
}
