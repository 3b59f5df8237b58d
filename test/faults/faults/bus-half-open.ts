import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../support/fault.ts';

export const busHalfOpen: Fault = {
  name: 'bus-half-open',
  what: 'for 20 s nothing passes between channel and Redis, and no connection is closed; publishers reach Redis',
  async cause({ busRelay }): Promise<undefined> {
    busRelay.silence();
    await delay(20_000);
    busRelay.resume();
  },
};
