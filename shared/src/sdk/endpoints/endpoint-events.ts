import type { Log } from '../../log/index.ts';
import type { Call } from '../plugin-calls.ts';
import type { EndpointEvent } from './contract.ts';
import type { EndpointHooks } from './hooks.ts';
import type { EventCursor } from './event-cursor.ts';
import { eventPage } from './schemas.ts';

const PAGE = 100;

/** Hears one event. */
export type OnEvent = (event: EndpointEvent) => ReturnType<NonNullable<EndpointHooks['onEvent']>>;

/** What it follows events with. */
export interface EndpointEventsParts {
  readonly call: Call;
  readonly cursor: EventCursor;
  readonly log: Log;
}

/**
 * Follows the events of a plugin's endpoints. What is heard on the bus says only that there is something to ask for: what
 * counts is what `endpoints` has written down, from the cursor on.
 */
export class EndpointEvents {
  readonly #parts: EndpointEventsParts;
  readonly #handlers = new Map<string, OnEvent>();
  #woken = Promise.withResolvers<undefined>();

  constructor(parts: EndpointEventsParts) {
    this.#parts = parts;
  }

  /** Whether anybody listens. */
  get isFollowing(): boolean {
    return this.#handlers.size > 0;
  }

  /** Adds who hears the events of one type. */
  add(type: string, handle: OnEvent): void {
    this.#handlers.set(type, handle);
  }

  /** There may be something new. */
  readonly wake = (): void => this.#woken.resolve(undefined);

  /** Asks at once and whenever it is woken, until `signal`. Rejects when somebody who is needed is away, or a handler throws. */
  readonly run = async (signal: AbortSignal): Promise<void> => {
    // Also ends the wait.
    signal.addEventListener('abort', this.wake, { once: true });
    while (!signal.aborted) {
      // Before it asks: what is said meanwhile is asked for once more.
      this.#woken = Promise.withResolvers();
      await this.#catchUp(signal);
      await this.#woken.promise;
    }
  };

  async #catchUp(signal: AbortSignal): Promise<void> {
    const { cursor, log } = this.#parts;
    for (;;) {
      const { events, next, complete } = await this.#ask(await cursor.read(), signal);
      if (!complete) log.warn({ next }, 'some events of endpoints are no longer kept: they were not heard');
      for (const event of events) {
        if (signal.aborted) return;
        await this.#handlers.get(event.endpoint.type)?.(event);
        await cursor.move(String(event.id));
      }
      await cursor.move(String(next));
      if (events.length === 0) return;
    }
  }

  async #ask(after: string | undefined, signal: AbortSignal) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(after === undefined ? {} : { after }) });
    const answer = await this.#parts.call('endpoints', `/v1/events?${query.toString()}`, { signal });
    if (!answer.ok) throw new Error(`'endpoints' answers ${answer.status} when it is asked for events`);
    return eventPage.parse(await answer.json());
  }
}
