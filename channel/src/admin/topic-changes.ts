import type { MembershipChange } from '../topics/topics.ts';

/** What changed in one topic since somebody looked. */
export interface TopicChange {
  /** Whether it had a subscriber before. */
  readonly wasSubscribed: boolean;
  /** Names of sockets that are here and were not. */
  readonly joined: Set<string>;
  /** Names of sockets that were here and are not. */
  readonly left: Set<string>;
}

/** A member, as far as it is told of. */
interface Named {
  readonly topic: string;
  readonly socket: { readonly name: string };
}

/** What came of joins and leaves: who left and came back in between has not moved. */
export class TopicChanges {
  readonly #most: number;
  #topics = new Map<string, TopicChange>();
  #hasOverflowed = false;

  /** Above so many topics nothing of them is kept. */
  constructor(most: number) {
    this.#most = most;
  }

  get isEmpty(): boolean {
    return this.#topics.size === 0 && !this.#hasOverflowed;
  }

  readonly record: MembershipChange<Named> = (what, { topic, socket }, before) => {
    if (this.#hasOverflowed) return;
    const change = this.#topics.get(topic) ?? this.#add(topic, before > 0);
    const [to, from] = what === 'join' ? [change.joined, change.left] : [change.left, change.joined];
    if (!from.delete(socket.name)) to.add(socket.name);
  };

  /** Takes everything out; undefined when there were too many topics. */
  take(): ReadonlyMap<string, TopicChange> | undefined {
    const taken = this.#hasOverflowed ? undefined : this.#topics;
    this.#topics = new Map();
    this.#hasOverflowed = false;
    return taken;
  }

  #add(topic: string, wasSubscribed: boolean): TopicChange {
    const change = { wasSubscribed, joined: new Set<string>(), left: new Set<string>() };
    this.#topics.set(topic, change);
    if (this.#topics.size > this.#most) {
      this.#hasOverflowed = true;
      this.#topics = new Map();
    }
    return change;
  }
}
