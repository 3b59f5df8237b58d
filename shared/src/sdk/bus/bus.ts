import type { DurableOptions, DurableResult } from '../../redis/durable-publish.ts';
import type { RedisConnection } from '../../redis/connect-redis.ts';
import type { BusHandler } from './bus-message.ts';

/** A plugin's side of the bus: Redis, or what stands for it where there is none. */
export interface Bus {
  /** For commands; undefined where there is no Redis. */
  readonly connection: RedisConnection | undefined;
  start(): Promise<void> | void;
  /** Resolves to whether it was taken. */
  publish(topic: string, event: string, payload: unknown): Promise<boolean>;
  publishDurable(
    topic: string,
    event: string,
    payload: object,
    options?: DurableOptions,
  ): Promise<DurableResult>;
  /** Adds a handler of a channel, or of the channels that a pattern names; before `listen` it is only remembered. */
  subscribe(kind: 'channel' | 'pattern', name: string, handle: BusHandler): void;
  /** Calls back whenever everything is subscribed: what was said before may have been missed. */
  onLive(handle: () => void): void;
  /** Begins to deliver messages. */
  listen(): Promise<void> | void;
  /** Ends the subscriptions and waits for the handlers that are at work; publishing still works. */
  drain(): Promise<void> | void;
  stop(): Promise<void> | void;
}
