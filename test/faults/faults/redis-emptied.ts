import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../support/fault.ts';
import { playMesh } from '../support/stage.ts';

export const redisEmptied: Fault = {
  name: 'redis-emptied',
  what: 'Redis is killed (-9) and comes back after 1 s empty; mesh loads its function again 2 s later',
  mayLose: 'the history is gone; every client hears of it',
  async cause({ redis }): Promise<undefined> {
    await redis.kill();
    await delay(1000);
    await redis.resume({ empty: true });
    await delay(2000);
    await playMesh(redis.url);
  },
};
