/**
 * How much memory does the gateway take for large bodies?
 *
 *   node bench/streams.ts [--megabytes 100] [--at-once 1]
 *
 * Through one gateway process that has served some small requests before. Clients that download look away now and then, so that a
 * gateway that collects bodies would have to collect these. Memory is resident memory of the process, at its highest, less
 * what it had before.
 */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort, RedisServer } from '@plugmesh/shared/testing';
import { httpLoad } from './support/http-load.ts';
import { startGateway } from './support/bench-gateway.ts';
import { ServerProcess } from './support/server-process.ts';
import { markdownTable } from './support/statistics.ts';

const { values } = parseArgs({
  options: { megabytes: { type: 'string', default: '100' }, 'at-once': { type: 'string', default: '1' } },
});
const MIB = 1_048_576;
const bytes = Number(values.megabytes) * 1_000_000;
const atOnce = Number(values['at-once']);
const CHUNK = Buffer.alloc(65_536, 'x');
/** A client looks away after each so many bytes. */
const GULP = 4 * MIB;

async function download(origin: string): Promise<void> {
  const req = request(`${origin}/api/bench/${bytes}`).end();
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  let [got, gulped] = [0, 0];
  for await (const chunk of res) {
    got += (chunk as Buffer).length;
    if (got - gulped < GULP) continue;
    gulped = got;
    await delay(5);
  }
  if (got !== bytes) throw new Error(`${got} of ${bytes} bytes came down`);
}

async function upload(origin: string): Promise<void> {
  const req = request(`${origin}/api/bench/`, { method: 'POST', headers: { 'content-length': bytes } });
  const answered = once(req, 'response') as Promise<[IncomingMessage]>;
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    if (!req.write(CHUNK.subarray(0, left))) await once(req, 'drain');
  }
  req.end();
  const [res] = await answered;
  const text = (await res.toArray()).join('');
  if (text !== String(bytes)) throw new Error(`the upload of ${bytes} bytes was answered '${text}'`);
}

const redis = await RedisServer.start();
const port = await freePort();
const upstream = await ServerProcess.start('upstream', [process.execPath, 'bench/servers/big-bodies.ts'], {
  port,
  env: { PORT: String(port) },
});
const plugins = `[plugins.bench]\nurl = "http://127.0.0.1:${port}"\nguard = "public"\n[plugins.bench.limits]\nbody = "2GiB"\n`;
const gateway = await startGateway(plugins, redis.url);

/** Runs so many at once; answers by how many MiB the gateway has grown at most. */
async function growth(transfer: (origin: string) => Promise<void>): Promise<number> {
  const origin = `http://127.0.0.1:${gateway.port}`;
  const before = gateway.residentBytes();
  let most = before;
  const looks = setInterval(() => (most = Math.max(most, gateway.residentBytes())), 20);
  await Promise.all(Array.from({ length: atOnce }, () => transfer(origin)));
  clearInterval(looks);
  return (most - before) / MIB;
}

try {
  await httpLoad({
    origin: `http://127.0.0.1:${gateway.port}`,
    path: '/api/bench/item',
    requests: 3000,
    connections: 16,
  });
  const rows = [];
  for (const [what, transfer] of [
    ['download', download],
    ['upload', upload],
  ] as const) {
    const first = await growth(transfer);
    const again = await growth(transfer);
    rows.push({ transfer: what, 'more memory, MiB': first, 'more the second time, MiB': again });
  }
  console.log(`${atOnce} at once, ${values.megabytes} MB each\n`);
  console.log(markdownTable(rows));
} finally {
  await gateway.stop();
  await upstream.stop();
  await redis.stop();
}
