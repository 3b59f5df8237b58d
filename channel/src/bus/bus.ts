import { randomUUID } from 'node:crypto';
import { ACCESS_CHANGE } from '@plugmesh/shared/access';
import type { Log } from '@plugmesh/shared/log';
import { DISCONNECT, splitChannel, type Broadcast } from '@plugmesh/shared/protocol';
import {
  BusPublisher,
  closeRedis,
  connectRedis,
  Subscription,
  type RedisConnection,
} from '@plugmesh/shared/redis';
import { Probe } from './probe.ts';

/** What a bus connects, and who is told. */
export interface BusOptions {
  /** Undefined: a bus that is never live. */
  readonly redisUrl: string | undefined;
  readonly log: Log;
  readonly onMessage: (message: Broadcast) => void;
  /** Somebody asks to close sockets. */
  readonly onDisconnect: (payload: Buffer) => void;
  /** Sessions, keys or users have changed. */
  readonly onAccessChange: (payload: Buffer) => void;
  /** Whatever is published from now until the bus is live again is missed. */
  readonly onLost: () => void;
  /** Everything is subscribed, the first time and after each outage. */
  readonly onLive: () => void;
}

/** This process's side of Redis: one connection that listens to `to:*`, one that publishes `from:…`. */
export class Bus {
  readonly #options: BusOptions;
  readonly #subscription: Subscription | undefined;
  readonly #waiting = new Set<(reason?: unknown) => void>();
  readonly #probeChannel = `plugmesh:probe:${randomUUID()}`;
  readonly #probe = new Probe({ send: () => this.#sendProbe() });
  #connection: RedisConnection | undefined;
  #publisher: BusPublisher | undefined;

  constructor(options: BusOptions) {
    this.#options = options;
    const { redisUrl, log } = options;
    if (redisUrl === undefined) return;
    this.#subscription = new Subscription({
      redisUrl,
      log,
      name: 'channel-subscribe',
      channels: [DISCONNECT, ACCESS_CHANGE, this.#probeChannel],
      patterns: ['to:*'],
      onMessage: (channel, payload) => this.#receive(channel, payload),
      onLive: () => {
        this.#wake();
        options.onLive();
      },
      onLost: options.onLost,
    });
  }

  /** Whether at this moment everything that is published reaches us, and we can publish. */
  get live(): boolean {
    return this.#connection?.status === 'ready' && this.#subscription?.live === true;
  }

  /** How late messages arrive through Redis, in milliseconds; grows while nothing does. */
  get lagMs(): number {
    return this.#probe.ageMs;
  }

  /** Connects; resolves after a second at the latest, with or without Redis. */
  async start(): Promise<void> {
    const { redisUrl, log } = this.#options;
    if (redisUrl === undefined || !this.#subscription) {
      log.error('no Redis is configured (core.redis_url or REDIS_URL): no topic can be joined');
      return;
    }
    if (!this.#connection) {
      this.#connection = connectRedis(redisUrl, { name: 'channel-publish', log, queue: false });
      this.#connection.on('ready', () => this.#wake());
      this.#publisher = new BusPublisher(this.#connection);
    }
    this.#probe.start();
    await this.#subscription.start();
  }

  async stop(): Promise<void> {
    this.#probe.stop();
    await this.#subscription?.stop();
    if (this.#connection) await closeRedis(this.#connection);
  }

  /** Publishes `from:<topic>:<event>`; resolves to whether Redis took it. */
  publish(topic: string, event: string, payload: unknown): Promise<boolean> {
    return this.#publisher?.publishFrom(topic, event, payload) ?? Promise.resolve(false);
  }

  /** Resolves to whether the bus is live: at once, when it becomes so, or when the signal ends the wait. */
  async whenLive(signal: AbortSignal): Promise<boolean> {
    if (this.live || signal.aborted) return this.live;
    const { promise, resolve: wake } = Promise.withResolvers<unknown>();
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    this.#waiting.delete(wake);
    signal.removeEventListener('abort', wake);
    return this.live;
  }

  /** After an outage the two connections are back one after the other. */
  #wake(): void {
    if (!this.live) return;
    for (const wake of this.#waiting) wake();
  }

  #sendProbe(): void {
    if (this.#connection?.status !== 'ready') return;
    // One that fails is missing: that is what it is for.
    this.#connection.publish(this.#probeChannel, '').catch(() => undefined);
  }

  #receive(channel: string, payload: Buffer): void {
    const address = splitChannel(channel);
    if (channel === DISCONNECT) this.#options.onDisconnect(payload);
    else if (channel === ACCESS_CHANGE) this.#options.onAccessChange(payload);
    else if (channel === this.#probeChannel) this.#probe.received();
    else if (address) this.#options.onMessage({ ...address, payload });
  }
}
