import { ADMIN_LIST, ADMIN_WATCH } from '@plugmesh/shared/protocol';
import type { Peers } from '../peers/peers.ts';
import type { MembershipChange } from '../topics/topics.ts';
import { ADMIN_TOPIC, Audience } from './audience.ts';
import { ChangeDescriber, type AdminEvent, type ToldTopics } from './describe-changes.ts';
import { TopicChanges } from './topic-changes.ts';

/** What admin events are made from. */
export interface AdminEventsOptions {
  readonly peers: Peers;
  /** Names this process on the bus. */
  readonly node: string;
  readonly topics: ToldTopics;
}

/** How long changes are collected. */
const COLLECT_MS = 50;
/** When more topics change at once, only their list is told. */
const CHANGES = 100;

type Member = Parameters<TopicChanges['record']>[1];

/** Tells administrators of the topics of this process, and of who joins and leaves (contracts § 2.1, docs/decisions/0010). */
export class AdminEvents {
  readonly #peers: Peers;
  readonly #topics: ToldTopics;
  readonly #describer: ChangeDescriber;
  readonly #audience: Audience;
  readonly #changes = new TopicChanges(CHANGES);
  #isListWanted = false;
  #deafUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> | undefined;

  constructor({ peers, node, topics }: AdminEventsOptions) {
    this.#peers = peers;
    this.#topics = topics;
    this.#describer = new ChangeDescriber(node, topics);
    this.#audience = new Audience(peers.connection);
    peers.listen(ADMIN_LIST, () => this.#wantList());
  }

  /** Takes every join and leave; costs a comparison while nobody hears of them. */
  readonly record: MembershipChange<Member> = (what, member, before) => {
    if (member.topic === ADMIN_TOPIC) this.#watch(what);
    if (performance.now() < this.#deafUntil) return;
    this.#changes.record(what, member, before);
    this.#arm();
  };

  /** Whether something is to be told. */
  get #hasMore(): boolean {
    return this.#isListWanted || !this.#changes.isEmpty;
  }

  /** Tells what is left to tell. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#telling;
    await this.#tell();
    clearTimeout(this.#timer);
  }

  /** Each administrator who comes is told of all topics, by every process. */
  #watch(what: 'join' | 'leave'): void {
    if (what === 'leave') {
      if (!this.#topics.has(ADMIN_TOPIC)) this.#peers.forget(ADMIN_WATCH);
      return;
    }
    this.#peers.listen(ADMIN_WATCH, () => undefined);
    this.#peers.connection.publish(ADMIN_LIST, '').catch(() => undefined);
  }

  #wantList(): void {
    this.#isListWanted = true;
    this.#deafUntil = 0;
    this.#audience.wake();
    this.#arm();
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#telling = this.#tell();
    }, COLLECT_MS).unref();
  }

  /** One at a time: the timer is set again only when Redis has answered. */
  async #tell(): Promise<void> {
    const changes = this.#changes.take();
    const isListWanted = this.#isListWanted || !changes;
    this.#isListWanted = false;
    const wants = (event: AdminEvent): boolean => this.#audience.wants(event);
    const lists = isListWanted && wants('channel.list') ? this.#describer.list() : [];
    const changed = this.#describer.changes(changes ?? new Map(), wants);
    await this.#audience.tell(new Map([...lists, ...changed]));
    this.#deafUntil = this.#audience.deafUntil;
    this.#timer = undefined;
    if (this.#hasMore) this.#arm();
  }
}
