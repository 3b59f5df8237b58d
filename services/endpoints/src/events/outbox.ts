import type { Log, PluginContext } from '@plugmesh/sdk';
import type { EventRecord, EventRecords } from '../store/event-records.ts';
import { Bell } from './bell.ts';

/** What publishing events needs. */
export interface OutboxOptions {
  readonly events: EventRecords;
  readonly publishDurable: PluginContext['publishDurable'];
  readonly publish: PluginContext['publish'];
  readonly log: Log;
}

const TOPIC = 'endpoints';
const AT_ONCE = 100;
const LOOK_EVERY_MS = 2000;
const TIDY_EVERY_MS = 3_600_000;
const KEPT_MS = 7 * 86_400_000;

/**
 * Publishes what has happened to the durable topic, in order, from the database: what was committed is published, also
 * after an outage or a crash, and once, because of its idempotency key.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #bell = new Bell();
  /** Whether Redis took the last one. */
  #isTaken = true;
  #tidyAt = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Something was committed. */
  wake(): void {
    this.#bell.ring();
  }

  /** Runs until `signal`. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isDone = await this.#publishSome(signal);
      if (isDone) {
        await this.#tidy();
        await this.#bell.wait(LOOK_EVERY_MS, signal);
      }
    }
  }

  /** False: there may be more. */
  async #publishSome(signal: AbortSignal): Promise<boolean> {
    const { events, publish } = this.#options;
    const waiting = await events.unpublished(AT_ONCE);
    for (const event of waiting) {
      // What follows waits, too: nobody sees an end before its beginning.
      if (signal.aborted || !(await this.#publish(event))) return true;
      await events.published(event.id);
    }
    if (waiting.length > 0) await publish('endpoints:list', 'changed', {});
    return waiting.length < AT_ONCE;
  }

  async #publish({ id, key, event, endpoint, user }: EventRecord): Promise<boolean> {
    const { guid, name, type, url, owner } = endpoint;
    const payload = {
      guid,
      name,
      type,
      url,
      ...(owner === null ? {} : { owner }),
      ...(user === undefined ? {} : { user }),
    };
    const result = await this.#options.publishDurable(TOPIC, event, payload, { idempotencyKey: key });
    // Once for an outage.
    if (!result.ok && this.#isTaken)
      this.#options.log.warn(
        { event, id, code: result.code, reason: result.reason },
        'an event waits for Redis',
      );
    this.#isTaken = result.ok;
    return result.ok;
  }

  async #tidy(now = Date.now()): Promise<void> {
    if (now < this.#tidyAt) return;
    this.#tidyAt = now + TIDY_EVERY_MS;
    await this.#options.events.forgetBefore(now - KEPT_MS);
  }
}
