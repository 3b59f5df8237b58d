import type { TopicChange } from './topic-changes.ts';

/** Events of the topic `admin`, in the order in which those of one moment are told. */
export const ADMIN_EVENTS = [
  'channel.list',
  'channel.add',
  'channel.join',
  'channel.leave',
  'channel.remove',
] as const;

/** One of them. */
export type AdminEvent = (typeof ADMIN_EVENTS)[number];

/** Events with their payloads. */
export type AdminMessages = Map<AdminEvent, object[]>;

/** The topics of a process, as far as they are told of. */
export interface ToldTopics {
  readonly size: number;
  has(topic: string): boolean;
  names(): Iterable<string>;
  countOf(topic: string): number;
  membersOf(topic: string, limit?: number): readonly { readonly socket: { readonly name: string } }[];
}

/** So many names at most are in a list. With all of them, the cost of n joins would be n². */
const NAMES = 100;

/** Payloads as tangram's, with the process that speaks, the whole number, and whether names are missing. */
export class ChangeDescriber {
  readonly #node: string;
  readonly #topics: ToldTopics;

  constructor(node: string, topics: ToldTopics) {
    this.#node = node;
    this.#topics = topics;
  }

  /** `{"channels"}`: the topics of this process. */
  list(): AdminMessages {
    return new Map([['channel.list', [{ node: this.#node, ...this.#channels() }]]]);
  }

  /** One event for each topic that came or went, and one for all who joined or left a topic; of the kinds that are wanted. */
  changes(
    changes: ReadonlyMap<string, TopicChange>,
    isWanted: (event: AdminEvent) => boolean,
  ): AdminMessages {
    const messages: AdminMessages = new Map();
    const add = (event: AdminEvent, channel: string, fields: () => object): void => {
      if (!isWanted(event)) return;
      const payloads = messages.get(event) ?? [];
      payloads.push({ node: this.#node, channel, ...fields() });
      messages.set(event, payloads);
    };
    for (const [topic, { wasSubscribed, joined, left }] of changes) {
      const isSubscribed = this.#topics.has(topic);
      if (isSubscribed && !wasSubscribed) add('channel.add', topic, () => this.#channels());
      if (joined.size > 0) add('channel.join', topic, () => this.#agents(topic, 'joined', joined));
      if (left.size > 0) add('channel.leave', topic, () => this.#agents(topic, 'left', left));
      if (wasSubscribed && !isSubscribed) add('channel.remove', topic, () => this.#channels());
    }
    return messages;
  }

  #channels(): object {
    const channels = take(this.#topics.names(), NAMES);
    const count = this.#topics.size;
    return { channels, count, ...(count > channels.length ? { truncated: true } : {}) };
  }

  #agents(topic: string, what: 'joined' | 'left', moved: ReadonlySet<string>): object {
    const agents = this.#topics.membersOf(topic, NAMES).map(({ socket }) => socket.name);
    const [count, names] = [this.#topics.countOf(topic), take(moved, NAMES)];
    const isTruncated = count > agents.length || moved.size > names.length;
    return { agent: names[0], agents, count, [what]: names, ...(isTruncated ? { truncated: true } : {}) };
  }
}

function take<Each>(all: Iterable<Each>, most: number): Each[] {
  const taken: Each[] = [];
  for (const each of all) {
    if (taken.length === most) break;
    taken.push(each);
  }
  return taken;
}
