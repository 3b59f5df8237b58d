import type { Secrets } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import { POLL_RELAY } from '@plugmesh/shared/protocol';
import {
  closeRedis,
  connectRedis,
  Subscription,
  whenConnected,
  type RedisConnection,
} from '@plugmesh/shared/redis';
import type { PollRequest } from './long-polls.ts';
import { decodeRelayMessage, encodeRelayMessage, type RelayMessage } from './relay-message.ts';
import { Seal } from './seal.ts';

/** What a relay is made from. */
export interface RelayOptions {
  readonly redisUrl: string;
  readonly secrets: Secrets;
  readonly log: Log;
  /** Names this process, and no other one before or after it. */
  readonly node: string;
  /** How long an answer may take. */
  readonly patienceMs: number;
  /** Most requests that wait for other processes. */
  readonly limit: number;
  /** Resolves to the answer to a request of another process. */
  readonly handle: (request: PollRequest) => Promise<string>;
}

interface Pending {
  readonly kind: PollRequest['kind'];
  readonly resolve: (text: string | undefined) => void;
  /** In milliseconds of `performance.now()`. */
  readonly endsAt: number;
}

const SWEEP_MS = 500;

/**
 * Hands requests to the process that has the connection, over Redis. Messages are sealed: they carry what clients send,
 * tokens included, and who can publish must not be able to speak for a client.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #seal: Seal;
  readonly #connection: RedisConnection;
  readonly #subscription: Subscription;
  readonly #pending = new Map<number, Pending>();
  /** The number of the last request of each process. They come in order: one that is played again is not heard. */
  readonly #heard = new Map<string, number>();
  #number = 0;
  #connecting: Promise<boolean> | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: RelayOptions) {
    const { redisUrl, log, secrets, node } = options;
    this.#options = options;
    this.#seal = new Seal(secrets);
    this.#connection = connectRedis(redisUrl, { name: 'relay', log, queue: false, lazy: true });
    this.#subscription = new Subscription({
      redisUrl,
      log,
      name: 'relay-subscribe',
      channels: [POLL_RELAY + node],
      onMessage: (channel, payload) => this.#hear(this.#seal.open(channel, payload)),
    });
  }

  /** Connects; resolves after a second at the latest, with or without Redis. */
  async start(): Promise<void> {
    if (this.#sweep) return;
    this.#sweep = setInterval(() => this.#endLate(), SWEEP_MS).unref();
    this.#connection.connect().catch(() => undefined);
    await this.#subscription.start();
  }

  /** Waits no longer for answers that may take their time. */
  releasePolls(): void {
    for (const [number, { kind }] of this.#pending) if (kind === 'poll') this.#settle(number, undefined);
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweep);
    for (const number of this.#pending.keys()) this.#settle(number, undefined);
    await this.#subscription.stop();
    await closeRedis(this.#connection);
  }

  /** Resolves to the answer of another process, or to undefined: it is gone, or cannot be reached in time. */
  async ask(node: string, request: PollRequest): Promise<string | undefined> {
    const { patienceMs, limit, node: from } = this.#options;
    if (this.#pending.size >= limit || !(await this.#whenConnected())) return undefined;
    const number = ++this.#number;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#pending.set(number, { kind: request.kind, resolve, endsAt: performance.now() + patienceMs });
    const listeners = await this.#send(node, { kind: 'request', number, from, request });
    if (listeners === 0) this.#settle(number, undefined);
    return promise;
  }

  /** Waits while Redis is away: a client that was refused at once would come again and again. */
  async #whenConnected(): Promise<boolean> {
    this.#connecting ??= whenConnected(this.#connection, this.#options.patienceMs);
    return this.#connecting.finally(() => (this.#connecting = undefined));
  }

  /** Resolves to how many processes have heard it. */
  async #send(node: string, message: RelayMessage): Promise<number> {
    const address = POLL_RELAY + node;
    const sealed = this.#seal.seal(address, encodeRelayMessage(message));
    return this.#connection.publish(address, sealed).catch(() => 0);
  }

  #hear(text: string | undefined): void {
    if (text === undefined) return;
    const message = decodeRelayMessage(text);
    if (message.kind === 'answer') this.#settle(message.number, message.text);
    else void this.#answer(message);
  }

  async #answer({ number, from, request }: RelayMessage & { kind: 'request' }): Promise<void> {
    if (number <= (this.#heard.get(from) ?? 0)) return;
    this.#heard.set(from, number);
    await this.#send(from, { kind: 'answer', number, text: await this.#options.handle(request) });
  }

  #settle(number: number, text: string | undefined): void {
    this.#pending.get(number)?.resolve(text);
    this.#pending.delete(number);
  }

  #endLate(): void {
    const now = performance.now();
    for (const [number, { endsAt }] of this.#pending) {
      if (endsAt > now) return;
      this.#settle(number, undefined);
    }
  }
}
