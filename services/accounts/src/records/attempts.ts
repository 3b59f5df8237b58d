import { hashCredential } from '@plugmesh/shared/access';
import { MeshError } from '@plugmesh/sdk';
import type { RedisPart } from './redis-part.ts';

const WINDOW_MS = 15 * 60_000;
/** Of one address at one name; whoever has just mistyped is far below. */
const MOST_FROM_ONE = 10;
/** Of all addresses together at one name: so few that guessing is hopeless, so many that locking somebody out is work. */
const MOST_FROM_ALL = 200;

/** Counts attempts to log in, over all processes. */
export class Attempts {
  readonly #redis: RedisPart;

  constructor(redis: RedisPart) {
    this.#redis = redis;
  }

  /** Counts one before it is made, so that many at once count, too. Rejects with MESH_RATE_LIMITED for one too many. */
  async count(name: string, address: string): Promise<void> {
    await this.#countOne(this.#keyOf(name, address), MOST_FROM_ONE);
    // Only those that were let through: one address alone must not use up what is for all.
    await this.#countOne(this.#keyOf(name, '*'), MOST_FROM_ALL);
  }

  /** Whoever has got in begins anew; what other addresses did still counts. */
  async forget(name: string, address: string): Promise<void> {
    await this.#redis.ask((redis) => redis.del(this.#keyOf(name, address)));
  }

  async #countOne(key: string, most: number): Promise<void> {
    const [count, , leftMs] = await this.#redis.together((commands) =>
      commands.incr(key).pexpire(key, WINDOW_MS, 'NX').pttl(key),
    );
    if (Number(count) <= most) return;
    throw new MeshError('MESH_RATE_LIMITED', 'too many attempts to log in with this name', {
      fix: `Wait up to ${WINDOW_MS / 60_000} minutes.`,
      details: { retryAfter: Math.max(1, Math.ceil(Number(leftMs) / 1000)) },
    });
  }

  /** Names are not kept: people type their passwords there. */
  #keyOf(name: string, address: string): string {
    return this.#redis.key(`attempts:${hashCredential(`${address} ${name}`)}`);
  }
}
