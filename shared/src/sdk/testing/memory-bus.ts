import type { Log } from '../../log/index.ts';
import { busData } from '../../redis/bus-publisher.ts';
import { InOrder } from '../../redis/in-order.ts';
import type { DurableResult } from '../../redis/durable-publish.ts';
import { busMessage, type BusHandler } from '../bus/bus-message.ts';
import type { Bus } from '../bus/bus.ts';

/** What a plugin has published. */
export interface Published {
  readonly topic: string;
  readonly event: string;
  readonly payload: unknown;
}

interface Listener {
  readonly isMeant: (channel: string) => boolean;
  readonly handle: BusHandler;
  readonly queue: InOrder;
}

/** The bus without Redis: remembers what is published, and delivers what a test says. */
export class MemoryBus implements Bus {
  readonly connection = undefined;
  readonly published: Published[] = [];
  readonly #log: Log;
  readonly #listeners: Listener[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  publish(topic: string, event: string, payload: unknown): Promise<boolean> {
    const data = busData(topic, event, payload);
    this.published.push({ topic, event, payload });
    this.#deliver(`to:${topic}:${event}`, data);
    return Promise.resolve(true);
  }

  async publishDurable(topic: string, event: string, payload: object): Promise<DurableResult> {
    await this.publish(topic, event, payload);
    return { ok: true, id: `test-${this.published.length}` };
  }

  subscribe(kind: 'channel' | 'pattern', name: string, handle: BusHandler): void {
    const isMeant = kind === 'channel' ? (channel: string) => channel === name : matcher(name);
    const queue = new InOrder((error) => this.#log.error({ err: error }, 'a message handler failed'));
    this.#listeners.push({ isMeant, handle, queue });
  }

  /** Delivers what another plugin publishes. Returns whether anybody listens. */
  hear(topic: string, event: string, payload: unknown): boolean {
    return this.#deliver(`to:${topic}:${event}`, busData(topic, event, payload));
  }

  /** Delivers what a browser pushes. Resolves when the handlers are done. */
  async push(topic: string, event: string, payload: unknown): Promise<void> {
    this.#deliver(`from:${topic}:${event}`, busData(topic, event, payload));
    await this.drain();
  }

  onLive(): void {
    return undefined;
  }

  start(): void {
    return undefined;
  }

  listen(): void {
    return undefined;
  }

  async drain(): Promise<void> {
    await Promise.all(this.#listeners.map(({ queue }) => queue.settled()));
  }

  stop(): void {
    return undefined;
  }

  #deliver(channel: string, data: Buffer | string): boolean {
    const message = busMessage(channel, Buffer.from(data));
    const listeners = this.#listeners.filter(({ isMeant }) => isMeant(channel));
    for (const { handle, queue } of listeners) queue.run(() => handle(message));
    return listeners.length > 0;
  }
}

/** A pattern as Redis' PSUBSCRIBE reads it, without its brackets. */
function matcher(pattern: string): (channel: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 's');
  return (channel) => expression.test(channel);
}
