import type { Log } from '@plugmesh/shared/log';
import { LEASE_KEY } from '@plugmesh/shared/protocol';
import type { RedisConnection } from '@plugmesh/shared/redis';

const LEASE_MS = 10_000;

/** Prolongs the lease only if it is still ours. */
const RENEW = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0`;
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

/** The right to write the mesh document: one mesh process holds it, further ones stand by. */
export class Lease {
  readonly #redis: RedisConnection;
  readonly #log: Log;
  readonly #holder: string;
  #isHeld = false;

  /** `holder` must be unique to this process. */
  constructor(redis: RedisConnection, holder: string, log: Log) {
    this.#redis = redis;
    this.#holder = holder;
    this.#log = log;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Takes or renews the lease; call it well within 10 s. Without Redis it is not held. */
  async renew(): Promise<boolean> {
    const before = this.#isHeld;
    this.#isHeld = await this.#try().catch(() => false);
    if (this.#isHeld !== before) this.#log.info(this.#isHeld ? 'leads the mesh' : 'stands by');
    return this.#isHeld;
  }

  /** Gives the lease up, so that a process standing by need not wait for it to run out. */
  async release(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    await this.#redis.eval(RELEASE, 1, LEASE_KEY, this.#holder).catch(() => undefined);
  }

  async #try(): Promise<boolean> {
    if (this.#redis.status !== 'ready') return false;
    const renewed = await this.#redis.eval(RENEW, 1, LEASE_KEY, this.#holder, LEASE_MS);
    if (renewed === 1) return true;
    return (await this.#redis.set(LEASE_KEY, this.#holder, 'PX', LEASE_MS, 'NX')) === 'OK';
  }
}
