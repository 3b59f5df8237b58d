import { setTimeout as delay } from 'node:timers/promises';
import { createLog } from '@plugmesh/shared/log';
import {
  BusPublisher,
  closeRedis,
  connectRedis,
  publishDurable,
  type RedisConnection,
} from '@plugmesh/shared/redis';
import { DURABLE_TOPICS, PLAIN_TOPICS } from './page.ts';

const RETRY_MS = 200;

/** What was published to a topic. */
export interface Published {
  /** The highest number so far; they begin with 1. */
  sent: number;
  readonly acknowledged: Set<number>;
}

/**
 * Publishes numbered events to every topic. Plain ones once, whatever becomes of them; durable ones
 * until they are acknowledged, with an idempotency key, in order.
 */
export class Publisher {
  readonly published = new Map<string, Published>();
  readonly #connection: RedisConnection;
  readonly #plain: BusPublisher;
  readonly #running = new AbortController();
  readonly #everyMs: number;
  #loops: Promise<void>[] = [];

  constructor(redisUrl: string, everyMs: number) {
    this.#everyMs = everyMs;
    const log = createLog({ name: 'publisher', level: 'silent' });
    this.#connection = connectRedis(redisUrl, { name: 'publisher', log });
    this.#plain = new BusPublisher(this.#connection);
  }

  start(): void {
    const plain = PLAIN_TOPICS.map((topic) => this.#loop(topic, (n) => this.#publishOnce(topic, n)));
    const durable = DURABLE_TOPICS.map((topic) => this.#loop(topic, (n) => this.#publishUntilKept(topic, n)));
    this.#loops = [...plain, ...durable];
  }

  /** Ends behind the events that are on their way. */
  async stop(): Promise<void> {
    this.#running.abort();
    await Promise.all(this.#loops);
    await closeRedis(this.#connection);
  }

  of(topic: string): Published {
    return this.published.get(topic) ?? { sent: 0, acknowledged: new Set() };
  }

  async #loop(topic: string, publish: (n: number) => Promise<boolean>): Promise<void> {
    const record: Published = { sent: 0, acknowledged: new Set() };
    this.published.set(topic, record);
    while (!this.#running.signal.aborted) {
      const n = ++record.sent;
      if (await publish(n)) record.acknowledged.add(n);
      await delay(this.#everyMs);
    }
  }

  #publishOnce(topic: string, n: number): Promise<boolean> {
    return this.#plain.publish(topic, 'tick', { n, at: performance.now() });
  }

  async #publishUntilKept(topic: string, n: number): Promise<boolean> {
    for (;;) {
      const event = {
        topic,
        event: 'tick',
        payload: { n, at: performance.now() },
        idempotencyKey: String(n),
      };
      if ((await publishDurable(this.#connection, event)).ok) return true;
      if (this.#running.signal.aborted) return false;
      await delay(RETRY_MS);
    }
  }
}
