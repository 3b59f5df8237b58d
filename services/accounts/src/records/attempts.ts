import { hashCredential } from '@plugmesh/shared/access';
import { MeshError } from '@plugmesh/shared/sdk';
import { together, withRedis, type Redis } from './redis-work.ts';

const WINDOW_MS = 15 * 60_000;
/** Of one address at one name; whoever has just mistyped is far below. */
const MOST_FROM_ONE = 10;
/** Of all addresses together at one name: so few that guessing is hopeless, so many that locking somebody out is work. */
const MOST_FROM_ALL = 200;

/** Counts attempts to log in, over all processes. */
export class Attempts {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Counts one before it is made, so that many at once count, too. Throws MESH_RATE_LIMITED for one too many. */
  async count(name: string, address: string): Promise<void> {
    const [one, all] = [keyOf(name, address), keyOf(name, '*')];
    const answers = await together(this.#redis, (commands) => {
      for (const key of [one, all]) commands.incr(key).pexpire(key, WINDOW_MS, 'NX');
    });
    if (Number(answers[0]) <= MOST_FROM_ONE && Number(answers[2]) <= MOST_FROM_ALL) return;
    throw new MeshError('MESH_RATE_LIMITED', 'too many attempts to log in with this name', {
      fix: `Wait up to ${WINDOW_MS / 60_000} minutes.`,
    });
  }

  /** Whoever has got in begins anew; what other addresses did still counts. */
  async forget(name: string, address: string): Promise<void> {
    await withRedis(() => this.#redis.del(keyOf(name, address)));
  }
}

/** Names are not kept: people type their passwords there. */
function keyOf(name: string, address: string): string {
  return `accounts:attempts:${hashCredential(`${address} ${name}`)}`;
}
