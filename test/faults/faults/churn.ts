import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import type { Fault } from '../support/fault.ts';
import type { Stage } from '../support/stage.ts';

const DURATION_MS = 20_000;
const EVERY_MS = 15;

export const churn: Fault = {
  name: 'churn',
  what: 'for 20 s clients lose their connection at random, 60 a second, on two channel processes; then all leave',
  async cause({ pages }) {
    const until = performance.now() + DURATION_MS;
    let drops = 0;
    for (; performance.now() < until; drops++) {
      pages[Math.floor(Math.random() * pages.length)]?.drop();
      await delay(EVERY_MS);
    }
    return { drops };
  },
  async afterwards(stage) {
    const unrecovered = stage.pages.filter((page) => page.unrecovered > 0).length;
    assert.equal(unrecovered, 0, `${unrecovered} clients were told that they missed events`);
    for (const page of stage.pages) page.close();
    return { left: await leftovers(stage) };
  },
};

/** What is left when everybody has gone: must be nothing but what the processes themselves hold. */
async function leftovers(stage: Stage): Promise<object> {
  const gauges = ['plugmesh_channel_sockets', 'plugmesh_channel_topics', 'plugmesh_channel_queue_bytes'];
  // Each answer is one process's; so many that both have answered.
  const ask = async (): Promise<number[]> =>
    Promise.all(gauges.flatMap((name) => Array.from({ length: 8 }, () => stage.metric(name))));
  await eventually(async () => (await ask()).every((value) => value === 0), {
    timeoutMs: 20_000,
    what: 'empty gauges',
  });
  const redis = new Redis(stage.redis.url);
  const keys = (await redis.keys('*')).filter((key) => !/^plugmesh:(history|mesh)/.test(key));
  const patterns = Number(await redis.call('PUBSUB', 'NUMPAT'));
  redis.disconnect();
  assert.equal(patterns, 1, 'one pattern, which both processes subscribe to');
  assert.deepEqual(keys, []);
  return { sockets: 0, topics: 0, queueBytes: 0, patterns, keys: keys.length };
}
