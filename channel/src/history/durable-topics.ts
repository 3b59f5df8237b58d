import type { EventId } from '@plugmesh/shared/history';
import type { Log } from '@plugmesh/shared/log';
import type { Broadcast } from '@plugmesh/shared/protocol';
import { DurableTopic } from './durable-topic.ts';
import type { History, HistoryEvent } from './history-reader.ts';

/** What the durable topics of a process work with. */
export interface DurableTopicsOptions {
  readonly history: History;
  readonly log: Log;
  /** Whether a rule keeps this topic's events. */
  readonly isDurable: (topic: string) => boolean;
  /** Topics with a subscriber. */
  readonly subscribed: () => Iterable<string>;
  readonly deliver: (message: Broadcast) => void;
  /** Ends all memberships of a topic so that clients join again. */
  readonly onBroken: (topic: string) => void;
  readonly onRepaired: () => void;
  /** How often positions are compared with the streams' ends; default 3 s. */
  readonly checkMs?: number;
}

/** A topic that a join is about to subscribe to. */
export interface DurableEntry {
  readonly topic: DurableTopic;
  /** Where the client stands, when it can be brought up to date from there; undefined: it cannot, or did not ask. */
  readonly since: EventId | undefined;
  /** The first events behind `since`. */
  readonly events: HistoryEvent[];
}

const CHECK_MS = 3000;

/** Every durable topic that has a subscriber in this process. */
export class DurableTopics {
  readonly history: History;
  readonly #options: DurableTopicsOptions;
  readonly #topics = new Map<string, DurableTopic>();
  #timer: NodeJS.Timeout | undefined;
  #isAway = false;

  constructor(options: DurableTopicsOptions) {
    this.history = options.history;
    this.#options = options;
  }

  /** Begins to compare positions with the streams, so that a lost message is found, the last one too. */
  start(): void {
    this.#timer ??= setInterval(() => this.check(), this.#options.checkMs ?? CHECK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  /** Takes every message of the bus. */
  receive(message: Broadcast): void {
    const topic = this.#topics.get(message.topic);
    if (topic) topic.receive(message);
    else this.#options.deliver(message);
  }

  /** The bus is lost. */
  suspend(): void {
    this.#isAway = true;
    for (const topic of this.#topics.values()) topic.suspend();
  }

  /** The bus is back: what was published meanwhile comes from the streams. */
  resume(): void {
    this.#isAway = false;
    this.check();
  }

  /** Prepares a join; the caller counts `joining` down when it has subscribed. Rejects when Redis cannot be asked. */
  async enter(name: string, since: EventId | undefined): Promise<DurableEntry> {
    const topic = this.#topics.get(name) ?? this.#add(name);
    topic.joining++;
    try {
      if (topic.state !== 'live' || (since && !reaches(topic.position, since))) await topic.sync();
      const events = since ? await this.#eventsAfter(topic, name, since) : undefined;
      return { topic, since: events && since, events: events ?? [] };
    } catch (error) {
      topic.joining--;
      throw error;
    }
  }

  /** Compares every position with its stream's end, and forgets topics that nobody is subscribed to. */
  check(): void {
    if (this.#isAway) return;
    const subscribed = new Set(this.#options.subscribed());
    for (const [name, { joining }] of this.#topics) {
      const isWanted = subscribed.has(name) && this.#options.isDurable(name);
      if (!isWanted && joining === 0) this.#topics.delete(name);
    }
    for (const name of subscribed) {
      if (this.#options.isDurable(name) && !this.#topics.has(name)) this.#add(name);
    }
    for (const [topic, each] of this.#topics) {
      each.sync().catch((error: unknown) => {
        this.#options.log.debug({ err: error, topic }, 'a durable topic could not be checked');
      });
    }
  }

  #add(name: string): DurableTopic {
    const { history, deliver, onBroken, onRepaired, log } = this.#options;
    const topic = new DurableTopic({
      name,
      history,
      deliver,
      onRepaired,
      onBroken: () => {
        log.warn({ topic: name }, 'events of a durable topic are lost: its clients begin anew');
        if (this.#topics.get(name) === topic) this.#topics.delete(name);
        onBroken(name);
      },
    });
    this.#topics.set(name, topic);
    return topic;
  }

  /** The first events behind `since`; undefined when one of them is no longer kept. */
  async #eventsAfter(topic: DurableTopic, name: string, since: EventId): Promise<HistoryEvent[] | undefined> {
    if (!reaches(topic.position, since)) return undefined;
    if (topic.position?.number === since.number) return [];
    const events = await this.history.after(name, since);
    return events[0]?.id.epoch === since.epoch && events[0].id.number === since.number + 1
      ? events
      : undefined;
  }
}

/** Whether a position is in the same stream and not before the other one. */
function reaches(position: EventId | undefined, { epoch, number }: EventId): boolean {
  return position?.epoch === epoch && position.number >= number;
}
