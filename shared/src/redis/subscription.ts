import type { Log } from '../log/index.ts';
import { closeRedis, connectRedis, type RedisConnection } from './connect-redis.ts';

/** What a subscription follows, and who is told. */
export interface SubscriptionOptions {
  readonly redisUrl: string;
  readonly name: string;
  readonly log: Log;
  /** Literal names. */
  readonly channels?: readonly string[];
  /** Names with `*`, `?` and `[…]` as Redis understands them. */
  readonly patterns?: readonly string[];
  /** Called for each message in order; `pattern` is empty for a literal channel. */
  readonly onMessage: (channel: string, payload: Buffer, pattern: string) => void;
  /** Everything is subscribed: the first time, and again after each outage. */
  readonly onLive?: () => void;
  /** The server went away: whatever is published until the next `onLive` is missed. */
  readonly onLost?: () => void;
}

const FIRST_WAIT_MS = 1000;
const RETRY_MS = 1000;

/** One Redis connection that holds subscriptions and takes them up again whenever the server comes back. */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #channels: Set<string>;
  readonly #patterns: Set<string>;
  readonly #firstLive = Promise.withResolvers<true>();
  #connection: RedisConnection | undefined;
  #live = false;
  #retries: NodeJS.Timeout[] = [];

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#channels = new Set(options.channels);
    this.#patterns = new Set(options.patterns);
  }

  /** Whether everything is subscribed at this moment. */
  get live(): boolean {
    return this.#live;
  }

  /** Connects. Resolves to true once subscribed, or to false after a second without Redis: it goes on trying. */
  async start(): Promise<boolean> {
    this.#connection ??= this.#connect();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), FIRST_WAIT_MS);
    try {
      return await Promise.race([this.#firstLive.promise, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Follows one more literal channel. */
  async addChannel(channel: string): Promise<void> {
    this.#channels.add(channel);
    await this.#readyConnection?.subscribe(channel);
  }

  /** Follows a literal channel no longer. */
  async removeChannel(channel: string): Promise<void> {
    this.#channels.delete(channel);
    await this.#readyConnection?.unsubscribe(channel);
  }

  /** Follows one more pattern. */
  async addPattern(pattern: string): Promise<void> {
    this.#patterns.add(pattern);
    await this.#readyConnection?.psubscribe(pattern);
  }

  /** Disconnects for good; no message is delivered afterwards. */
  async stop(): Promise<void> {
    for (const timer of this.#retries) clearTimeout(timer);
    this.#live = false;
    const connection = this.#connection;
    if (!connection) return;
    connection.removeAllListeners('messageBuffer').removeAllListeners('pmessageBuffer');
    await closeRedis(connection);
  }

  /** Not only while live: what changes behind the first SUBSCRIBE of a connection is not in it. */
  get #readyConnection(): RedisConnection | undefined {
    return this.#connection?.status === 'ready' ? this.#connection : undefined;
  }

  #connect(): RedisConnection {
    const { redisUrl, name, log, onMessage } = this.#options;
    const connection = connectRedis(redisUrl, { name, log });
    connection.on('messageBuffer', (channel: Buffer, payload: Buffer) =>
      onMessage(channel.toString(), payload, ''),
    );
    connection.on('pmessageBuffer', (pattern: Buffer | string, channel: Buffer, payload: Buffer) =>
      onMessage(channel.toString(), payload, pattern.toString()),
    );
    connection.on('ready', () => void this.#subscribeAll(connection));
    connection.on('close', () => this.#lose());
    return connection;
  }

  async #subscribeAll(connection: RedisConnection): Promise<void> {
    try {
      // One command each: what one has no right to must not keep the others away.
      await Promise.all([
        ...[...this.#channels].map((channel) => connection.subscribe(channel)),
        ...[...this.#patterns].map((pattern) => connection.psubscribe(pattern)),
      ]);
    } catch (error) {
      this.#retry(connection, error);
      return;
    }
    this.#live = true;
    this.#firstLive.resolve(true);
    this.#options.onLive?.();
  }

  /** A server that is there and refuses (rights, loading) is asked again; one that is gone brings `ready` itself. */
  #retry(connection: RedisConnection, error: unknown): void {
    if (connection.status !== 'ready') return;
    const { log, name } = this.#options;
    const wanted = [...this.#channels, ...this.#patterns];
    const where = 'docs/reference/bus.md#rights-of-plugins';
    log.warn({ err: error, connection: name, wanted }, `Redis refused a subscription; see ${where}`);
    const retry = (): void => void (connection.status === 'ready' && this.#subscribeAll(connection));
    this.#retries.push(setTimeout(retry, RETRY_MS).unref());
  }

  #lose(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#options.onLost?.();
  }
}
