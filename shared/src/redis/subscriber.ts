import type { Log } from '../log/index.ts';
import { InOrder } from './in-order.ts';
import { Subscription } from './subscription.ts';

/** What a subscriber follows. */
export interface SubscriberOptions<State> {
  readonly redisUrl: string;
  readonly log: Log;
  /** Shown in the log and by `CLIENT LIST`; default the class's name. */
  readonly name?: string;
  /** Literal names, `from:system:echo`. */
  readonly channels?: readonly string[];
  /** Names with wildcards, `from:streaming-*`. */
  readonly patterns?: readonly string[];
  /** Handed to every call of the handler, which may change it. */
  readonly state: State;
}

/**
 * Listens to the bus with a state of its own, as tangram's class of this name does. Extend it and write
 * `messageHandler`. It survives outages of Redis; what is published meanwhile is missed.
 */
export abstract class Subscriber<State> {
  readonly state: State;
  readonly #subscription: Subscription;
  readonly #handlers: InOrder;

  constructor(options: SubscriberOptions<State>) {
    this.state = options.state;
    const name = options.name ?? this.constructor.name;
    this.#handlers = new InOrder((error) =>
      options.log.error({ err: error, subscriber: name }, 'a message handler failed'),
    );
    this.#subscription = new Subscription({
      ...options,
      name,
      onMessage: (event, payload, pattern) => this.#deliver(event, payload, pattern),
    });
  }

  /** Whether it is subscribed at this moment. */
  get live(): boolean {
    return this.#subscription.live;
  }

  /** Called for each message in order, the next one after the promise; `event` is the whole Redis channel. */
  abstract messageHandler(
    event: string,
    payload: string,
    pattern: string,
    state: State,
  ): Promise<void> | void;

  /** The same with the payload's bytes; override it where they are not text. */
  bufferHandler(event: string, payload: Buffer, pattern: string, state: State): Promise<void> | void {
    return this.messageHandler(event, payload.toString(), pattern, state);
  }

  /** Begins in the background. Resolves to true once subscribed, or to false after a second without Redis. */
  subscribe(): Promise<boolean> {
    return this.#subscription.start();
  }

  /** Ends the subscription, after the messages that were already received. */
  async cleanup(): Promise<void> {
    await this.#subscription.stop();
    await this.#handlers.settled();
  }

  #deliver(event: string, payload: Buffer, pattern: string): void {
    this.#handlers.run(() => this.bufferHandler(event, payload, pattern, this.state));
  }
}
