import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../support/fault.ts';
import { lobbyAfterwards } from '../support/lobby.ts';

export const presenceRedisKilled: Fault = {
  name: 'presence-redis-killed',
  what: 'presence: Redis is killed (-9) and comes back after 3 s, 100 members',
  options: { clients: 100, page: { presence: true } },
  async cause({ redis }): Promise<undefined> {
    await redis.kill();
    await delay(3000);
    await redis.resume();
  },
  async afterwards(stage) {
    const seen = await lobbyAfterwards(stage);
    assert.equal(seen.leavesSeen, 0, 'nobody is seen to leave');
    return seen;
  },
};
