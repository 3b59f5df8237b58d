import { randomBytes } from 'node:crypto';
import { Appearances } from './appearances.ts';
import type { Presence, PresenceDiff, PresenceState } from './presence.ts';

/** How often a topic is told of changes (contracts § 2.4). */
const COLLECT_MS = 50;

interface Changes {
  readonly joins: Appearances;
  readonly leaves: Appearances;
}

/** Presence of one process, in memory. */
export class LocalPresence implements Presence {
  readonly #tell: (topic: string, diff: PresenceDiff) => void;
  readonly #topics = new Map<string, Appearances>();
  readonly #changes = new Map<string, Changes>();
  readonly #node = randomBytes(6).toString('base64url');
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `tell` hears of each topic's changes, collected for 50 ms. */
  constructor(tell: (topic: string, diff: PresenceDiff) => void) {
    this.#tell = tell;
  }

  track(topic: string, key: string, fields: Readonly<Record<string, unknown>>): string {
    const meta = { ...fields, phx_ref: `${this.#node}${(this.#count++).toString(36)}` };
    const present = this.#topics.get(topic) ?? new Appearances();
    this.#topics.set(topic, present);
    present.add(key, meta);
    this.#changesOf(topic).joins.add(key, meta);
    return meta.phx_ref;
  }

  untrack(topic: string, key: string, ref: string): void {
    const present = this.#topics.get(topic);
    const meta = present?.remove(key, ref);
    if (!present || !meta) return;
    if (present.size === 0) this.#topics.delete(topic);
    const { joins, leaves } = this.#changesOf(topic);
    // Nobody has heard of one that came and went within the 50 ms.
    if (!joins.remove(key, ref)) leaves.add(key, meta);
  }

  state(topic: string): PresenceState {
    return (this.#topics.get(topic) ?? new Appearances()).toState();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #changesOf(topic: string): Changes {
    this.#timer ??= setTimeout(() => this.#tellAll(), COLLECT_MS);
    const changes = this.#changes.get(topic) ?? { joins: new Appearances(), leaves: new Appearances() };
    this.#changes.set(topic, changes);
    return changes;
  }

  #tellAll(): void {
    this.#timer = undefined;
    const collected = [...this.#changes];
    this.#changes.clear();
    for (const [topic, { joins, leaves }] of collected) {
      if (joins.size + leaves.size === 0) continue;
      this.#tell(topic, { joins: joins.toState(), leaves: leaves.toState() });
    }
  }
}
