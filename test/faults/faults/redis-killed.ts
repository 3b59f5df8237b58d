import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { historyStream } from '../../../channel/test/support/channel-process.ts';
import type { Fault } from '../support/fault.ts';
import { DURABLE_TOPICS } from '../support/page.ts';
import type { Stage } from '../support/stage.ts';

export const redisKilled: Fault = {
  name: 'redis-killed',
  what: 'Redis is killed (-9) and comes back after 3 s with its append-only file',
  async cause({ redis }): Promise<undefined> {
    await redis.kill();
    await delay(3000);
    await redis.resume();
  },
  async afterwards(stage) {
    const forgotten = await Promise.all(DURABLE_TOPICS.map((topic) => forgottenOf(stage, topic)));
    return { forgottenByRedis: forgotten.flat().length };
  },
};

/** Numbers that Redis has acknowledged and does not have any more. */
async function forgottenOf({ redis, publisher }: Stage, topic: string): Promise<number[]> {
  const connection = new Redis(redis.url);
  const entries = await connection.xrange(historyStream(topic), '-', '+');
  connection.disconnect();
  const kept = new Set(entries.map(([, fields]) => (JSON.parse(fields[5] ?? '{}') as { n: number }).n));
  return [...publisher.of(topic).acknowledged].filter((n) => !kept.has(n));
}
