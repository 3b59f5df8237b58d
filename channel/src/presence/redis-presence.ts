import { randomBytes } from 'node:crypto';
import type { Log } from '@plugmesh/shared/log';
import { PRESENCE_NOTICE } from '@plugmesh/shared/protocol';
import {
  closeRedis,
  connectRedis,
  Subscription,
  whenConnected,
  type RedisConnection,
} from '@plugmesh/shared/redis';
import { OtherNodes } from './other-nodes.ts';
import { OwnMembers } from './own-members.ts';
import { parseNotice, type Appearance } from './presence-notice.ts';
import { PresenceStore } from './presence-store.ts';
import type { PresenceTopics } from './presence-topics.ts';
import type { Presence, PresenceNews, PresenceState } from './presence.ts';
import { Suspensions } from './suspensions.ts';

/** What presence is made of. */
export interface RedisPresenceOptions {
  readonly redisUrl: string;
  readonly log: Log;
  /** Names this process, and no other one before or after it. */
  readonly node: string;
  /** Within this time the members of a process that died are gone. */
  readonly leaseMs: number;
  readonly topics: PresenceTopics;
}

const FIRST_WAIT_MS = 1000;
const LEAST_LEASE_MS = 100;
const RENEWALS_PER_LEASE = 5;

/**
 * Presence of all channel processes. Each keeps its own members in Redis under a lease and tells the others what
 * changes; each has everybody's members in memory. A process is given up when it was silent for most of a lease, and when
 * for a whole one everything that we say has come back to us through Redis: otherwise it is we who are cut off.
 */
export class RedisPresence implements Presence {
  readonly #options: RedisPresenceOptions;
  readonly #leaseMs: number;
  readonly #renewMs: number;
  readonly #suspensions = new Suspensions();
  readonly #connection: RedisConnection;
  readonly #subscription: Subscription;
  readonly #own: OwnMembers;
  readonly #others: OtherNodes;
  /** Of references: browsers see them, so that they do not say where this process runs. */
  readonly #prefix = `${randomBytes(6).toString('base64url')}-`;
  #refs = 0;
  #synchronised: Promise<void> | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #echoAt = -Infinity;
  #reachableSince = Infinity;

  constructor(options: RedisPresenceOptions) {
    const { redisUrl, log, node, topics } = options;
    const leaseMs = Math.max(options.leaseMs, LEAST_LEASE_MS);
    this.#options = options;
    this.#leaseMs = leaseMs;
    this.#connection = connectRedis(redisUrl, { name: 'presence', log, queue: false, lazy: true });
    this.#connection.on('ready', () => this.#own.replace());
    this.#renewMs = leaseMs / RENEWALS_PER_LEASE;
    // Whether somebody is silent is looked at with each renewal: so everybody is told within the lease.
    const silentMs = leaseMs - this.#renewMs;
    const store = new PresenceStore(this.#connection, { node, silentMs });
    this.#own = new OwnMembers(store);
    this.#others = new OtherNodes({
      store,
      node,
      silentMs,
      onJoin: ([topic, key, meta]) => topics.join(topic, key, meta),
      onLeave: ([topic, key, meta]) => topics.leave(topic, key, meta.phx_ref),
    });
    this.#subscription = new Subscription({
      redisUrl,
      log,
      name: 'presence-subscribe',
      channels: [PRESENCE_NOTICE],
      onMessage: (_, payload) => this.#hear(payload),
      onLive: () => {
        this.#synchronised = this.#resynchronise();
      },
      onLost: () => (this.#echoAt = -Infinity),
    });
  }

  /** Resolves when the members of all processes are known, or after two seconds without Redis. */
  async start(): Promise<void> {
    if (this.#renewal) return;
    this.#renewal = setInterval(() => this.#own.renew(), this.#renewMs);
    this.#connection.connect().catch(() => undefined);
    if (await this.#subscription.start()) await this.#synchronised;
  }

  /** Takes the members of this process out, so that the others need not wait for the end of its lease. */
  async stop(): Promise<void> {
    clearInterval(this.#renewal);
    this.#options.topics.stop();
    await this.#own.end().catch(() => undefined);
    await this.#subscription.stop();
    await closeRedis(this.#connection);
  }

  track(topic: string, key: string, fields: Readonly<Record<string, unknown>>): string {
    const suspended = this.#suspensions.take(topic, key);
    if (suspended !== undefined) return suspended;
    const ref = `${this.#prefix}${(this.#refs++).toString(36)}`;
    const appearance: Appearance = [topic, key, { ...fields, phx_ref: ref }];
    this.#options.topics.join(...appearance);
    this.#own.add(appearance);
    return ref;
  }

  untrack(topic: string, key: string, ref: string): void {
    this.#options.topics.leave(topic, key, ref);
    this.#own.remove(ref);
  }

  suspend(topic: string, key: string, ref: string): void {
    this.#suspensions.add(topic, key, ref);
  }

  release(key: string, topic?: string): void {
    for (const each of topic === undefined ? this.#suspensions.topics(key) : [topic]) {
      const ref = this.#suspensions.take(each, key);
      if (ref !== undefined) this.untrack(each, key, ref);
    }
  }

  welcome(topic: string): readonly PresenceNews[] {
    return this.#options.topics.welcome(topic);
  }

  list(topic: string): PresenceState {
    return this.#options.topics.list(topic);
  }

  #hear(payload: Buffer): void {
    const notice = parseNotice(payload);
    if (!notice) return;
    if (notice.node === this.#options.node) this.#hearOurselves();
    else this.#others.hear(notice);
  }

  /** Redis carries what is said, at this moment. After a pause, of Redis or of ourselves, the count begins anew. */
  #hearOurselves(): void {
    const now = performance.now();
    if (now - this.#echoAt > 2 * this.#renewMs) this.#reachableSince = now;
    this.#echoAt = now;
    if (now - this.#reachableSince < this.#leaseMs) return;
    this.#others.expire();
    for (const [topic, key] of this.#suspensions.olderThan(now - this.#leaseMs)) this.release(key, topic);
  }

  /** Of the two connections, the one with the notices may be there first. What fails here, the next notices show. */
  async #resynchronise(): Promise<void> {
    await whenConnected(this.#connection, FIRST_WAIT_MS);
    await this.#others.resynchronise().catch(() => undefined);
  }
}
