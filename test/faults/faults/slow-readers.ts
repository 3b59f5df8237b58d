import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { WebSocket } from 'ws';
import type { Fault } from '../support/fault.ts';
import type { Stage } from '../support/stage.ts';

const TOPICS = ['room:big', 'oldest:big', 'latest:big'] as const;
const READERS_EACH = 5;
const EVENTS = 400;
const PAYLOAD = JSON.stringify({ filler: 'x'.repeat(50_000) });
const EVERY_MS = 25;

export const slowReaders: Fault = {
  name: 'slow-readers',
  what: `clients that never read, ${READERS_EACH} on a topic of each overflow policy, while it gets 20 MB`,
  options: { processes: 1 },
  async cause(stage) {
    const readers = (await Promise.all(TOPICS.map((topic) => openReaders(stage, topic)))).flat();
    const memoryBefore = await memory(stage);
    const redis = new Redis(stage.redis.url);
    let queued = 0;
    for (let n = 1; n <= EVENTS; n++) {
      await Promise.all(TOPICS.map((topic) => redis.publish(`to:${topic}:tick`, PAYLOAD)));
      await delay(EVERY_MS);
      if (n % 40 === 0) queued = Math.max(queued, await stage.metric('plugmesh_channel_queue_bytes'));
    }
    const grown = (await memory(stage)) - memoryBefore;
    const closed = await stage.metric('plugmesh_channel_closes_total', 'code="4410"');
    const dropped = {
      oldest: await stage.metric('plugmesh_channel_drops_total', 'oldest'),
      latest: await stage.metric('plugmesh_channel_drops_total', 'latest'),
    };
    redis.disconnect();
    for (const reader of readers) reader.terminate();
    return {
      readers: readers.length,
      closed,
      dropped,
      queuedMiB: mebibytes(queued),
      memoryGrownMiB: mebibytes(grown),
    };
  },
  async afterwards(stage): Promise<undefined> {
    assert.equal(await stage.metric('plugmesh_channel_closes_total', 'code="4410"'), READERS_EACH);
    assert.equal(stage.pages.filter(({ closeCodes }) => closeCodes.length > 0).length, 0, 'others stay');
  },
};

async function openReaders({ port }: Stage, topic: string): Promise<WebSocket[]> {
  const readers = Array.from({ length: READERS_EACH }, async () => {
    const reader = new WebSocket(`ws://127.0.0.1:${port}/socket/websocket?vsn=2.0.0`);
    reader.on('error', () => undefined);
    await once(reader, 'open');
    reader.send(JSON.stringify(['1', '1', topic, 'phx_join', {}]));
    await once(reader, 'message');
    reader.pause();
    return reader;
  });
  return Promise.all(readers);
}

function memory(stage: Stage): Promise<number> {
  return stage.metric('process_resident_memory_bytes');
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
