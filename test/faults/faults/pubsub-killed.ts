import { Redis } from 'ioredis';
import type { Fault } from '../support/fault.ts';

export const pubsubKilled: Fault = {
  name: 'pubsub-killed',
  what: 'Redis cuts every subscribing connection (CLIENT KILL TYPE pubsub)',
  async cause({ redis }): Promise<undefined> {
    const connection = new Redis(redis.url);
    await connection.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    connection.disconnect();
  },
};
