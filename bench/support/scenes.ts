import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { RedisServer } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import type { Feed } from './bench-channel.ts';

/** Measures something in so many rounds, and answers a table. */
export type Scene = (feed: Feed, rounds: number) => Promise<string>;

/** Runs the scenes that the command line names, or all, and prints their tables. */
export async function runScenes(scenes: Readonly<Record<string, Scene>>): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { rounds: { type: 'string', default: '3' } },
    allowPositionals: true,
  });
  const redis = await RedisServer.start();
  const publisher = new Redis(redis.url);
  try {
    for (const name of positionals.length > 0 ? positionals : Object.keys(scenes)) {
      const scene = scenes[name];
      if (!scene) throw new Error(`expected ${Object.keys(scenes).join(', ')}; received '${name}'`);
      const table = await scene({ url: redis.url, publisher }, Number(values.rounds));
      console.log(`${name}: ${values.rounds} rounds, ${cpus().length} cores\n\n${table}\n`);
    }
  } finally {
    publisher.disconnect();
    await redis.stop();
  }
}
