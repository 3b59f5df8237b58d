import type { Log } from '@plugmesh/shared/log';
import { closeRedis, connectRedis, Subscription, type RedisConnection } from '@plugmesh/shared/redis';

/** What channel processes say to each other over Redis, apart from what browsers wait for. */
export class Peers {
  /** For commands; while Redis is away they are rejected. */
  readonly connection: RedisConnection;
  readonly #subscription: Subscription;
  readonly #handlers = new Map<string, (payload: Buffer) => void>();

  constructor(redisUrl: string, log: Log) {
    this.connection = connectRedis(redisUrl, { name: 'channel-peers', log, queue: false, lazy: true });
    this.#subscription = new Subscription({
      redisUrl,
      log,
      name: 'channel-peers-subscribe',
      onMessage: (channel, payload) => this.#handlers.get(channel)?.(payload),
    });
  }

  /** Whether what others say is heard at this moment. */
  get live(): boolean {
    return this.#subscription.live;
  }

  /** Hears a channel from now on, and again after each outage. */
  listen(channel: string, handler: (payload: Buffer) => void): void {
    this.#handlers.set(channel, handler);
    // What fails now is taken up with the next connection.
    this.#subscription.addChannel(channel).catch(() => undefined);
  }

  /** Hears a channel no longer. */
  forget(channel: string): void {
    this.#handlers.delete(channel);
    this.#subscription.removeChannel(channel).catch(() => undefined);
  }

  async start(): Promise<void> {
    // Safe to call twice: the second connect is refused.
    this.connection.connect().catch(() => undefined);
    await this.#subscription.start();
  }

  async stop(): Promise<void> {
    await this.#subscription.stop();
    await closeRedis(this.connection);
  }
}
