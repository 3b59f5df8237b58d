import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../support/fault.ts';

export const redisKilled: Fault = {
  name: 'redis-killed',
  what: 'Redis is killed (-9) and comes back after 3 s with its append-only file',
  async cause({ redis }): Promise<undefined> {
    await redis.kill();
    await delay(3000);
    await redis.resume();
  },
};
