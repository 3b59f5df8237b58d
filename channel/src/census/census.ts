import { randomUUID } from 'node:crypto';
import { CENSUS } from '@plugmesh/shared/protocol';
import type { Peers } from '../peers/peers.ts';
import { parseAnswer, parseQuestion } from './census-message.ts';
import {
  countTopics,
  sumCounts,
  type CountedTopics,
  type TopicCount,
  type TopicQuery,
} from './topic-counts.ts';

/** What a census asks and answers with. */
export interface CensusOptions {
  readonly peers: Peers;
  /** Names this process on the bus. */
  readonly node: string;
  readonly topics: CountedTopics;
}

/** Counts of all processes that answered in time. */
export interface CensusResult {
  readonly counts: readonly TopicCount[];
  readonly asked: number;
  readonly answered: number;
}

interface Pending {
  readonly answers: (readonly TopicCount[])[];
  asked: number;
  readonly done: () => void;
}

/** A process that is busy with a long delivery answers late. */
const DEADLINE_MS = 2000;

/**
 * Counts subscribers over all channel processes by asking them: nothing is kept or written when somebody joins. Redis says
 * how many there are, so that nobody has to keep a list.
 */
export class Census {
  readonly #options: CensusOptions;
  readonly #pending = new Map<string, Pending>();

  constructor(options: CensusOptions) {
    this.#options = options;
    const { peers, node } = options;
    peers.listen(CENSUS, (payload) => this.#answer(payload));
    peers.listen(`${CENSUS}:${node}`, (payload) => this.#hear(payload));
  }

  /** Asks every process, ourselves included. Rejects when Redis cannot be asked. */
  async count(query: TopicQuery): Promise<CensusResult> {
    const { peers, node } = this.#options;
    if (!peers.live) throw new Error('Redis cannot be reached');
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const pending: Pending = { answers: [], asked: Infinity, done: () => resolve(undefined) };
    this.#pending.set(id, pending);
    const timer = setTimeout(pending.done, DEADLINE_MS);
    try {
      pending.asked = await this.#ask(JSON.stringify({ id, node, query }));
      this.#settle(pending);
      await promise;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
    }
    const { answers, asked } = pending;
    return { counts: sumCounts(answers, query.limit), asked, answered: answers.length };
  }

  /** Resolves to how many are asked: not what PUBLISH answers, which has those too who follow everything by a pattern. */
  async #ask(question: string): Promise<number> {
    const pipeline = this.#options.peers.connection.pipeline();
    const results = await pipeline.call('PUBSUB', 'NUMSUB', CENSUS).publish(CENSUS, question).exec();
    for (const [error] of results ?? []) if (error) throw error;
    const [, processes] = results?.[0]?.[1] as [channel: string, subscribers: number];
    return processes;
  }

  /** Anybody can publish here; what is not a question must not end us. */
  #answer(payload: Buffer): void {
    const question = parseQuestion(payload);
    if (!question) return;
    const { id, node, query } = question;
    const answer = JSON.stringify({ id, counts: countTopics(this.#options.topics, query) });
    // Who asked does without us after its deadline.
    this.#options.peers.connection.publish(`${CENSUS}:${node}`, answer).catch(() => undefined);
  }

  #hear(payload: Buffer): void {
    const answer = parseAnswer(payload);
    const pending = answer && this.#pending.get(answer.id);
    if (!pending) return;
    pending.answers.push(answer.counts);
    this.#settle(pending);
  }

  #settle({ answers, asked, done }: Pending): void {
    if (answers.length >= asked) done();
  }
}
