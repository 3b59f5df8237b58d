import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../support/fault.ts';

export const redisPaused: Fault = {
  name: 'redis-paused',
  what: 'Redis stands still for 30 s (SIGSTOP, SIGCONT)',
  async cause({ redis }): Promise<undefined> {
    redis.signal('SIGSTOP');
    await delay(30_000);
    redis.signal('SIGCONT');
  },
};
