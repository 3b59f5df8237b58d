import type { Log } from '../../log/index.ts';
import { BusPublisher } from '../../redis/bus-publisher.ts';
import { closeRedis, connectRedis, whenConnected, type RedisConnection } from '../../redis/connect-redis.ts';
import { InOrder } from '../../redis/in-order.ts';
import { Subscription } from '../../redis/subscription.ts';
import type { DurableOptions, DurableResult } from '../../redis/durable-publish.ts';
import { busMessage, type BusHandler } from './bus-message.ts';
import type { Bus } from './bus.ts';
import { publishUntilKept } from './publish-until-kept.ts';

const FIRST_WAIT_MS = 1000;

interface Listener {
  readonly handle: BusHandler;
  readonly queue: InOrder;
}

/** A plugin's two Redis connections: one to publish and for commands, one to subscribe. */
export class PluginBus implements Bus {
  readonly #redisUrl: string;
  readonly #name: string;
  readonly #log: Log;
  /** Listeners by channel, and by pattern. */
  readonly #listeners = { channel: new Map<string, Listener[]>(), pattern: new Map<string, Listener[]>() };
  readonly #onLive: (() => void)[] = [];
  #subscription: Subscription | undefined;
  readonly connection: RedisConnection;
  readonly #publisher: BusPublisher;

  constructor(redisUrl: string, name: string, log: Log) {
    this.#redisUrl = redisUrl;
    this.#name = name;
    this.#log = log;
    this.connection = connectRedis(redisUrl, { name, log, lazy: true });
    this.#publisher = new BusPublisher(this.connection);
  }

  /** Connects for publishing; goes on after a second without Redis. */
  async start(): Promise<void> {
    // What goes wrong is in the log, and is tried again for ever.
    this.connection.connect().catch(() => undefined);
    await whenConnected(this.connection, FIRST_WAIT_MS);
  }

  publish(topic: string, event: string, payload: unknown): Promise<boolean> {
    return this.#publisher.publish(topic, event, payload);
  }

  publishDurable(
    topic: string,
    event: string,
    payload: object,
    options?: DurableOptions,
  ): Promise<DurableResult> {
    return publishUntilKept(this.connection, { topic, event, payload, ...options });
  }

  /** Adds a handler; before `listen` it is only remembered. */
  subscribe(kind: 'channel' | 'pattern', name: string, handle: BusHandler): void {
    const report = (error: unknown): void =>
      this.#log.error({ err: error, [kind]: name }, 'a message handler failed');
    const listeners = this.#listeners[kind];
    listeners.set(name, [...(listeners.get(name) ?? []), { handle, queue: new InOrder(report) }]);
    if (!this.#subscription) return;
    const added =
      kind === 'channel' ? this.#subscription.addChannel(name) : this.#subscription.addPattern(name);
    // Refused or cut off: everything is subscribed again when the connection is back.
    added.catch((error: unknown) => this.#log.warn({ err: error, [kind]: name }, 'could not subscribe yet'));
    // The first one of all connects.
    void this.#subscription.start();
  }

  /** Calls back whenever everything is subscribed. */
  onLive(handle: () => void): void {
    this.#onLive.push(handle);
  }

  /** Begins to deliver messages. */
  async listen(): Promise<void> {
    const { channel, pattern } = this.#listeners;
    this.#subscription = new Subscription({
      redisUrl: this.#redisUrl,
      name: `${this.#name}-subscriber`,
      log: this.#log,
      channels: [...channel.keys()],
      patterns: [...pattern.keys()],
      onLive: () => {
        for (const handle of this.#onLive) handle();
      },
      onMessage: (name, data, matched) => this.#deliver(name, data, matched),
    });
    if (channel.size + pattern.size > 0) await this.#subscription.start();
  }

  /** Ends the subscriptions and waits for the handlers that are at work; publishing still works. */
  async drain(): Promise<void> {
    const subscription = this.#subscription;
    // What is subscribed from now on is remembered and no more.
    this.#subscription = undefined;
    await subscription?.stop();
    const { channel, pattern } = this.#listeners;
    const listeners = [...channel.values(), ...pattern.values()].flat();
    await Promise.all(listeners.map(({ queue }) => queue.settled()));
  }

  /** Disconnects. */
  async stop(): Promise<void> {
    await closeRedis(this.connection);
  }

  #deliver(channel: string, data: Buffer, pattern: string): void {
    const message = busMessage(channel, data);
    const listeners =
      pattern === '' ? this.#listeners.channel.get(channel) : this.#listeners.pattern.get(pattern);
    for (const { handle, queue } of listeners ?? []) queue.run(() => handle(message));
  }
}
