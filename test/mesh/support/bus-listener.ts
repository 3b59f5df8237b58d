import { createLog } from '@plugmesh/shared/log';
import {
  BusPublisher,
  connectRedis,
  Subscription,
  whenConnected,
  type RedisConnection,
} from '@plugmesh/shared/redis';
import { eventually, type EventuallyOptions } from '@plugmesh/shared/testing';

const log = createLog({ name: 'test', level: 'silent' });

/** What a plugin published. */
export interface Message {
  readonly channel: string;
  readonly payload: Record<string, unknown>;
  readonly atMs: number;
}

/** Both ends of a topic as Redis has them: hears what goes to browsers, and pushes as if it were one. */
export class BusListener {
  readonly messages: Message[] = [];
  readonly #topic: string;
  readonly #subscription: Subscription;
  readonly #connection: RedisConnection;
  readonly #publisher: BusPublisher;

  constructor(redisUrl: string, topic: string) {
    this.#topic = topic;
    this.#connection = connectRedis(redisUrl, { name: 'test', log });
    this.#publisher = new BusPublisher(this.#connection);
    this.#subscription = new Subscription({
      redisUrl,
      name: 'listener',
      log,
      patterns: [`to:${topic}:*`],
      onMessage: (channel, payload) =>
        this.messages.push({
          channel,
          payload: JSON.parse(payload.toString()) as Record<string, unknown>,
          atMs: performance.now(),
        }),
    });
  }

  async start(): Promise<void> {
    await whenConnected(this.#connection, 5000);
    await this.#subscription.start();
  }

  async stop(): Promise<void> {
    await this.#subscription.stop();
    this.#connection.disconnect();
  }

  /** Everything so far with this event. */
  heard(event: string): Message[] {
    return this.messages.filter(({ channel }) => channel === `to:${this.#topic}:${event}`);
  }

  /** The next message with this event, from now on. */
  async next(event: string, options?: EventuallyOptions): Promise<Message> {
    const before = this.heard(event).length;
    return eventually(() => this.heard(event)[before], { what: `a '${event}'`, ...options });
  }

  async push(event: string, payload: unknown): Promise<void> {
    await this.#publisher.publishFrom(this.#topic, event, payload);
  }

  /** Publishes bytes under any name, also one that no browser could have made. */
  async publishRaw(channel: string | Buffer, payload: string | Buffer): Promise<void> {
    await this.#connection.publish(channel, payload);
  }

  /** Pushes until it is answered: after an outage the plugin subscribes again when it will. */
  async untilAnswered(nonce: string | number, timeoutMs = 15_000): Promise<Message> {
    return eventually(
      async () => {
        await this.push('echo', { nonce });
        return this.next('echo_result', { timeoutMs: 500 });
      },
      { timeoutMs, everyMs: 100 },
    );
  }
}
