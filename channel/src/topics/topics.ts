import { isEventName, type Broadcast } from '@plugmesh/shared/protocol';
import { BroadcastFrame } from './broadcast-frame.ts';
import { Deliveries, type HandedOut } from './deliveries.ts';
import { Topic, type Member } from './topic.ts';

/** A member that says which topic it belongs to. */
export interface TopicMember extends Member {
  readonly topic: string;
}

/** Every topic that has a subscriber in this process. */
export class Topics<Each extends TopicMember> {
  readonly #topics = new Map<string, Topic<Each>>();
  readonly #deliveries: Deliveries;

  constructor(onHandedOut: HandedOut) {
    this.#deliveries = new Deliveries(onHandedOut);
  }

  get size(): number {
    return this.#topics.size;
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  add(member: Each): void {
    let topic = this.#topics.get(member.topic);
    if (!topic) this.#topics.set(member.topic, (topic = new Topic()));
    topic.add(member);
  }

  remove(member: Each): void {
    const topic = this.#topics.get(member.topic);
    if (!topic || member.index < 0) return;
    topic.remove(member);
    if (topic.members.length === 0) this.#topics.delete(member.topic);
  }

  /** Every topic that has a subscriber. */
  names(): Iterable<string> {
    return this.#topics.keys();
  }

  /** How many there are in one topic. */
  countOf(topic: string): number {
    return this.#topics.get(topic)?.members.length ?? 0;
  }

  /** Everybody in one topic, as a copy. */
  membersOf(topic: string): Each[] {
    return [...(this.#topics.get(topic)?.members ?? [])];
  }

  /** Everybody in every topic, as a copy. */
  members(): Each[] {
    return [...this.#topics.values()].flatMap((topic) => topic.members);
  }

  /** Sends a message to all subscribers; nothing is built when there is none. */
  broadcast(message: Broadcast): void {
    const topic = this.#topics.get(message.topic);
    if (!topic || !isEventName(message.event)) return;
    const event = message.event.startsWith('presence_') ? undefined : message.event;
    this.#deliveries.add(topic, { frame: new BroadcastFrame(message), event });
  }
}
