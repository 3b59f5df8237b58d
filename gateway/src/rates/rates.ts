import type { GatewayConfig, RateLimits } from '@plugmesh/shared/config';
import type { KnownIdentity } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import { closeRedis, connectRedis, whenConnected, type RedisConnection } from '@plugmesh/shared/redis';
import { isIPv6 } from 'node:net';
import type { Step, Visit } from '../visit.ts';
import { RateCounter } from './rate-counter.ts';

/** What rates are counted with. */
export interface RatesParts {
  readonly config: Pick<GatewayConfig, 'rates' | 'instances' | 'accounts'>;
  /** Undefined: every process counts for itself. */
  readonly redisUrl: string | undefined;
  readonly log: Log;
}

const FIRST_WAIT_MS = 1000;
/** A Redis that takes longer counts as away. */
const PATIENCE_MS = 1000;

/** What is counted in Redis, for all processes together. */
type Costly = 'login' | 'keys' | 'token';
const SHARED: ReadonlySet<keyof RateLimits> = new Set<Costly>(['login', 'keys', 'token']);
const COSTLY_AT_ACCOUNTS: readonly (readonly [path: RegExp, name: Costly])[] = [
  [/^\/v1\/(login|link)\/?$/i, 'login'],
  [/^\/v1\/keys\/?$/i, 'keys'],
];

/** How often addresses, users and keys may come. One for the process: what was counted survives changes of the mesh. */
export class Rates {
  readonly #parts: RatesParts;
  readonly #connection: RedisConnection | undefined;
  readonly #counters: Partial<Record<keyof RateLimits, RateCounter>>;

  constructor(parts: RatesParts) {
    this.#parts = parts;
    const { redisUrl, log, config } = parts;
    if (redisUrl !== undefined) {
      const options = { name: 'rates', log, lazy: true, queue: false, timeoutMs: PATIENCE_MS };
      this.#connection = connectRedis(redisUrl, options);
    }
    const names = Object.keys(config.rates) as (keyof RateLimits)[];
    this.#counters = Object.fromEntries(names.map((name) => [name, this.#createCounter(name)]));
  }

  /** Connects, and waits a second at most: without Redis, this process counts for itself. */
  async start(): Promise<void> {
    if (!this.#connection) return;
    // A failed first try is logged, and tried again, by the connection itself.
    this.#connection.connect().catch(() => undefined);
    await whenConnected(this.#connection, FIRST_WAIT_MS);
  }

  async stop(): Promise<void> {
    if (this.#connection) await closeRedis(this.#connection);
  }

  /** The step before all others: the visits of one address, and those that make sessions and tokens. */
  readonly countAddress: Step = (visit) => {
    const name = this.#costly(visit);
    const [all, costly] = [this.#counters.address, name && this.#counters[name]];
    if (!all && !costly) return undefined;
    const network = networkOf(visit.origin.address);
    return Promise.all([all?.count(network), costly?.count(network)]).then(() => undefined);
  };

  /** The step behind the guard: the visits of one user, plugin or key. */
  readonly countIdentity: Step = ({ identity }) => {
    if (identity.kind === 'anonymous') return undefined;
    return this.#counters[kindOf(identity)]?.count(nameOf(identity));
  };

  /** Logins, keys and tokens are what password guessers and memory fillers ask for. */
  #costly({ req, route, rest, target }: Visit): Costly | undefined {
    if (req.method !== 'POST') return undefined;
    if (route.kind === 'service') {
      return route.id === 'channel' && /\/token\/?$/.test(target.path) ? 'token' : undefined;
    }
    if (route.id !== this.#parts.config.accounts) return undefined;
    return COSTLY_AT_ACCOUNTS.find(([path]) => path.test(rest))?.[1];
  }

  #createCounter(name: keyof RateLimits): RateCounter | undefined {
    const { rates, instances } = this.#parts.config;
    const rate = rates[name];
    if (rate === undefined) return undefined;
    return SHARED.has(name) && this.#connection
      ? RateCounter.shared(name, rate, this.#connection)
      : RateCounter.local(name, rate, instances);
  }
}

/** One who has an IPv6 address has all of its network, 64 bits. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail?.split(':').filter(Boolean) ?? [];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}

function kindOf(identity: KnownIdentity): 'identity' | 'key' {
  return identity.kind === 'key' || (identity.kind === 'user' && identity.key !== undefined)
    ? 'key'
    : 'identity';
}

/** Unique among the identities of its kind. */
function nameOf(identity: KnownIdentity): string {
  return identity.kind === 'user' && identity.key !== undefined
    ? identity.key
    : `${identity.kind} ${identity.id}`;
}
