import { ADMIN_LIST, ADMIN_WATCH, toChannel } from '@plugmesh/shared/protocol';
import type { RedisConnection } from '@plugmesh/shared/redis';
import { ADMIN_EVENTS, type AdminEvent, type AdminMessages } from './describe-changes.ts';

/** How long an event that nobody heard is not published again. */
const DEAF_MS = 1000;

/** What joins and leaves bring about; a list is told when somebody asks. */
const CHANGE_EVENTS = ADMIN_EVENTS.filter((event) => event !== 'channel.list');

/** Topic of administrators. */
export const ADMIN_TOPIC = 'admin';

/**
 * Publishes events of the topic `admin` as long as somebody hears them. Redis answers each PUBLISH with the number of its
 * receivers. Every channel process is one, for its browsers; more than these is somebody on the bus, by whatever pattern.
 * Processes with browsers in `admin` are subscribed to `plugmesh:admin:watch`.
 */
export class Audience {
  readonly #connection: RedisConnection;
  /** When an event was last found to have nobody. */
  readonly #deafSince = new Map<AdminEvent, number>();
  readonly #heard = new Set<AdminEvent>();

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /**
   * Until when nothing needs to be collected, in milliseconds of `performance.now()`. Each event has to be found without
   * anybody: one that always comes when the others are not collected would never be asked for.
   */
  get deafUntil(): number {
    return Math.min(...CHANGE_EVENTS.map((event) => this.#deafUntil(event)));
  }

  /** Somebody may be there now. */
  wake(): void {
    this.#deafSince.clear();
  }

  /** Whether an event is worth telling: it is heard, or nobody has asked for a while. */
  wants(event: AdminEvent): boolean {
    return performance.now() >= this.#deafUntil(event);
  }

  /** Publishes; of events of which nobody has been heard lately, the first one asks whether it is worth it. */
  async tell(messages: AdminMessages): Promise<void> {
    const [first, rest] = [new Map(messages), new Map<AdminEvent, object[]>()];
    for (const [event, payloads] of messages) {
      if (this.#heard.has(event)) continue;
      first.set(event, payloads.slice(0, 1));
      rest.set(event, payloads.slice(1));
    }
    try {
      await this.#publish(first);
      for (const event of rest.keys()) if (!this.#heard.has(event)) rest.delete(event);
      await this.#publish(rest);
    } catch {
      // Redis is away: who joins again when it is back is told of then.
      this.#heard.clear();
    }
  }

  #deafUntil(event: AdminEvent): number {
    return (this.#deafSince.get(event) ?? -Infinity) + DEAF_MS;
  }

  async #publish(messages: ReadonlyMap<AdminEvent, readonly object[]>): Promise<void> {
    const sent = [...messages].flatMap(([event, payloads]) =>
      payloads.map((payload) => ({ event, payload })),
    );
    if (sent.length === 0) return;
    const pipeline = this.#connection.pipeline().call('PUBSUB', 'NUMSUB', ADMIN_LIST, ADMIN_WATCH);
    for (const { event, payload } of sent) {
      pipeline.publish(toChannel(ADMIN_TOPIC, event), JSON.stringify(payload));
    }
    const [counts, ...receivers] = ((await pipeline.exec()) ?? []).map(([error, result]) => {
      if (error) throw error;
      return result;
    });
    const [, processes, , watching] = counts as [string, number, string, number];
    sent.forEach(({ event }, at) => this.#note(event, watching > 0 || Number(receivers[at]) > processes));
  }

  #note(event: AdminEvent, isHeard: boolean): void {
    if (isHeard) {
      this.#heard.add(event);
      this.#deafSince.delete(event);
    } else {
      this.#heard.delete(event);
      this.#deafSince.set(event, performance.now());
    }
  }
}
