import {
  ACCESS_CHANGE,
  hashCredential,
  isSameSecret,
  parseAccessChange,
  type AccessChange,
} from '@plugmesh/shared/access';
import type { Identity } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import {
  closeRedis,
  connectRedis,
  Subscription,
  whenConnected,
  type RedisConnection,
} from '@plugmesh/shared/redis';
import { AccessRecords, type KnownKey } from './access-records.ts';
import { CallerCache } from './caller-cache.ts';
import type { Caller } from './caller.ts';
import { CallerStreams, type Stream } from './caller-streams.ts';
import type { Credentials } from './credentials.ts';

/** What sessions and keys are looked up with. */
export interface AccessParts {
  readonly log: Log;
  /** Undefined: nobody can be known. */
  readonly redisUrl: string | undefined;
  /** How often sessions and keys of open streams are looked for; default 15 s. */
  readonly sweepMs?: number;
}

const FIRST_WAIT_MS = 1000;

type Maybe<Value> = Value | undefined | Promise<Value | undefined>;

/** What this process knows of sessions and keys: remembered for a moment, and forgotten as soon as they change. */
export class Access {
  readonly #parts: AccessParts;
  readonly #records = new AccessRecords(() => this.#connection);
  readonly #sessions = new CallerCache<{ caller: Caller }>((hash) => this.#records.session(hash));
  readonly #keys = new CallerCache<KnownKey>((prefix) => this.#records.apiKey(prefix));
  readonly #streams = new CallerStreams((users) => this.#records.ended(users));
  #connection: RedisConnection | undefined;
  #subscription: Subscription | undefined;
  #sweeps: NodeJS.Timeout | undefined;

  constructor(parts: AccessParts) {
    this.#parts = parts;
  }

  /** Connects, and waits a second at most: without Redis, whoever is not public is told to come back later. */
  async start(): Promise<void> {
    const { redisUrl, log, sweepMs = 15_000 } = this.#parts;
    if (redisUrl === undefined || this.#connection) return;
    this.#connection = connectRedis(redisUrl, { name: 'access', log, queue: false });
    this.#subscription = new Subscription({
      redisUrl,
      name: 'access-changes',
      log,
      channels: [ACCESS_CHANGE],
      onMessage: (_channel, payload) => this.#hear(payload),
      onLive: () => void this.#refresh(),
    });
    this.#sweeps = setInterval(() => void this.#streams.sweep(), sweepMs).unref();
    await Promise.all([this.#subscription.start(), whenConnected(this.#connection, FIRST_WAIT_MS)]);
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweeps);
    await this.#subscription?.stop();
    if (this.#connection) await closeRedis(this.#connection);
  }

  /** Who is behind what was shown: at once when it was seen lately. Rejects with MESH_REDIS_UNAVAILABLE. */
  find(credentials: Credentials): Maybe<Caller> {
    if (credentials.kind === 'session') return this.#session(credentials.id);
    if (credentials.kind === 'api-key') return this.#apiKey(credentials.prefix, credentials.key);
    return credentials.kind === 'known' ? credentials.caller : undefined;
  }

  /** Ends a stream as soon as the session or key ends that it was opened with. */
  follow(identity: Identity, stream: Stream): void {
    this.#streams.follow(identity, stream);
  }

  #session(id: string): Maybe<Caller> {
    const found = this.#sessions.get(hashCredential(id));
    return found instanceof Promise ? found.then((each) => each?.caller) : found?.caller;
  }

  #apiKey(prefix: string, key: string): Maybe<Caller> {
    const found = this.#keys.get(prefix);
    const use = (each: KnownKey | undefined): Caller | undefined => {
      const caller = fitting(each, key);
      if (caller) this.#records.noteUse(prefix);
      return caller;
    };
    return found instanceof Promise ? found.then(use) : use(found);
  }

  #hear(payload: Buffer): void {
    const change = parseAccessChange(payload.toString());
    if (change) this.#forget(change);
    else this.#parts.log.warn({ channel: ACCESS_CHANGE }, 'a change of access that cannot be read');
  }

  #forget(change: AccessChange): void {
    const { sessions = [], keys = [], users = [] } = change;
    for (const hash of sessions) this.#sessions.forget(hash);
    for (const prefix of keys) this.#keys.forget(prefix);
    if (users.length > 0) {
      this.#sessions.forgetUsers(users);
      this.#keys.forgetUsers(users);
    }
    this.#streams.end(change);
  }

  /** What changed while nobody told us is not known; forgotten when it can be asked for, or else nobody would be known. */
  async #refresh(): Promise<void> {
    if (this.#connection) await whenConnected(this.#connection, FIRST_WAIT_MS);
    this.#sessions.clear();
    this.#keys.clear();
    void this.#streams.sweep();
  }
}

function fitting(known: KnownKey | undefined, key: string): Caller | undefined {
  return known && isSameSecret(known.hash, hashCredential(key)) ? known.caller : undefined;
}
