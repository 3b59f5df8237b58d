import { isEventName, type Broadcast } from '@plugmesh/shared/protocol';
import { BroadcastFrame } from './broadcast-frame.ts';
import { Deliveries, type HandedOut } from './deliveries.ts';
import { Topic, type Member } from './topic.ts';

/** A member that says which topic it belongs to. */
export interface TopicMember extends Member {
  readonly topic: string;
}

/** Told of every join and leave; `before` is how many were in the topic. */
export type MembershipChange<Each> = (what: 'join' | 'leave', member: Each, before: number) => void;

/** Every topic that has a subscriber in this process. */
export class Topics<Each extends TopicMember> {
  readonly #topics = new Map<string, Topic<Each>>();
  readonly #deliveries: Deliveries;
  readonly #onChange: MembershipChange<Each>;

  constructor(onHandedOut: HandedOut, onChange: MembershipChange<Each> = () => undefined) {
    this.#deliveries = new Deliveries(onHandedOut);
    this.#onChange = onChange;
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
    this.#onChange('join', member, topic.members.length - 1);
  }

  remove(member: Each): void {
    const topic = this.#topics.get(member.topic);
    if (!topic || member.index < 0) return;
    topic.remove(member);
    if (topic.members.length === 0) this.#topics.delete(member.topic);
    this.#onChange('leave', member, topic.members.length + 1);
  }

  /** Every topic that has a subscriber. */
  names(): Iterable<string> {
    return this.#topics.keys();
  }

  /** How many there are in one topic. */
  countOf(topic: string): number {
    return this.#topics.get(topic)?.members.length ?? 0;
  }

  /** Everybody in one topic, or so many of them, as a copy. */
  membersOf(topic: string, limit?: number): Each[] {
    return this.#topics.get(topic)?.members.slice(0, limit) ?? [];
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
