import type { Rate } from '@plugmesh/shared/config';
import { MeshError } from '@plugmesh/shared/errors';
import type { RedisConnection } from '@plugmesh/shared/redis';
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';

const KEY_PREFIX = 'plugmesh:rate';

/** Counts what is done under a name, and refuses it when it becomes more than the rate allows. */
export class RateCounter {
  readonly #limiter: RateLimiterAbstract;
  readonly #what: string;

  private constructor(limiter: RateLimiterAbstract, what: string) {
    this.#limiter = limiter;
    this.#what = what;
  }

  /** Counts in this process alone, which gets its share of what `processes` may take together. */
  static local(what: string, { count, perMs }: Rate, processes: number): RateCounter {
    return new RateCounter(memory(Math.ceil(count / processes), perMs), what);
  }

  /** Counts in Redis, for all processes; each for itself while Redis is away. */
  static shared(what: string, { count, perMs }: Rate, connection: RedisConnection): RateCounter {
    const limiter = new RateLimiterRedis({
      storeClient: connection,
      keyPrefix: `${KEY_PREFIX}:${what}`,
      points: count,
      duration: perMs / 1000,
      // Whoever goes on when it is enough is refused without asking Redis.
      inMemoryBlockOnConsumed: count + 1,
      rejectIfRedisNotReady: true,
      insuranceLimiter: memory(count, perMs),
    });
    return new RateCounter(limiter, what);
  }

  /** Counts one more. Rejects with MESH_RATE_LIMITED, and says when to come back. */
  async count(name: string): Promise<void> {
    try {
      await this.#limiter.consume(name);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      const retryAfter = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
      throw new MeshError('MESH_RATE_LIMITED', `this is more than gateway.rates.${this.#what} allows`, {
        details: { retryAfter },
      });
    }
  }
}

function memory(points: number, perMs: number): RateLimiterMemory {
  return new RateLimiterMemory({ points, duration: perMs / 1000 });
}
