/**
 * What do messages to many sockets cost?
 *
 *   node bench/fanout.ts [crowd] [topics] [idle] [--rounds 3]
 *
 * crowd   1,000 sockets on one topic: 300 messages at once, then 150 at 15 a second
 * topics  1,000 topics with 10 sockets each: 2,000 messages a second, spread over them
 * idle    10,000 joined sockets on 100 topics, of whom nobody says anything but heartbeats
 *
 * Every server is one process, fed through the same Redis (nchan by HTTP, its own way). All messages are 200 bytes;
 * every client checks number, order and content of every frame. CPU is the server processes' own time.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { RedisServer } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { crowd } from './fanout/crowd.ts';
import { idle } from './fanout/idle.ts';
import { topics } from './fanout/topics.ts';
import type { Feed } from './support/bench-channel.ts';

const SCENES: Readonly<Record<string, (feed: Feed, rounds: number) => Promise<string>>> = {
  crowd,
  topics,
  idle,
};

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' } },
  allowPositionals: true,
});

const redis = await RedisServer.start();
const publisher = new Redis(redis.url);
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(SCENES)) {
    const scene = SCENES[name];
    if (!scene) throw new Error(`expected ${Object.keys(SCENES).join(', ')}; received '${name}'`);
    const table = await scene({ url: redis.url, publisher }, Number(values.rounds));
    console.log(`${name}: ${values.rounds} rounds, ${cpus().length} cores\n\n${table}\n`);
  }
} finally {
  publisher.disconnect();
  await redis.stop();
}
