import { PresenceTopic } from './presence-topic.ts';
import type { PresenceMeta, PresenceNews, PresenceState } from './presence.ts';

/** Tells the subscribers of a topic; `news` is asked only when there are any. */
export type TellPresence = (topic: string, news: () => PresenceNews) => void;

/** When topics are told, and how much. */
export interface PresenceTopicsOptions {
  /** How long changes are collected (contracts § 2.4: 50 ms). */
  readonly collectMs?: number;
  /** Above so many members a topic is told only how many there are. */
  readonly namesUpTo?: number;
  /** How long a topic must have shrunk before it is told names again, so that it does not go to and fro. */
  readonly calmMs?: number;
  readonly tell: TellPresence;
}

/** Everybody who is present, wherever in the mesh, and what the subscribers in this process are told of it. */
export class PresenceTopics {
  readonly #options: Required<PresenceTopicsOptions>;
  readonly #topics = new Map<string, PresenceTopic>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PresenceTopicsOptions) {
    this.#options = { collectMs: 50, namesUpTo: 1000, calmMs: 5000, ...options };
  }

  join(topic: string, key: string, meta: PresenceMeta): void {
    let present = this.#topics.get(topic);
    if (!present) this.#topics.set(topic, (present = new PresenceTopic(this.#options.namesUpTo)));
    present.join(key, meta);
    this.#mark(topic);
  }

  leave(topic: string, key: string, ref: string): void {
    if (this.#topics.get(topic)?.leave(key, ref)) this.#mark(topic);
  }

  /** What somebody who joins is told. */
  welcome(topic: string): readonly PresenceNews[] {
    return this.#topics.get(topic)?.welcome() ?? [{ event: 'presence_state', payload: {} }];
  }

  /** Everybody in a topic. */
  list(topic: string): PresenceState {
    return this.#topics.get(topic)?.list() ?? {};
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #mark(topic: string): void {
    this.#changed.add(topic);
    this.#timer ??= setTimeout(() => this.#tellAll(), this.#options.collectMs);
  }

  #tellAll(): void {
    this.#timer = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const topic of changed) this.#tell(topic);
  }

  #tell(topic: string): void {
    const { tell, calmMs } = this.#options;
    const present = this.#topics.get(topic);
    if (!present) return;
    for (const news of present.news(calmMs)) tell(topic, news);
    if (present.count === 0) this.#topics.delete(topic);
    // Asked again, because nothing else may ever change in it.
    else if (present.isCalming) this.#mark(topic);
  }
}
