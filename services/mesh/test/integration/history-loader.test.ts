import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyKey } from '@plugmesh/shared/history';
import {
  eventually,
  freePort,
  RedisServer,
  startProcess,
  type RunningProcess,
} from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

describe('the library for durable topics', function () {
  this.timeout(40_000);
  let server: RedisServer;
  let redis: Redis;
  let folder: string;
  let mesh: RunningProcess;

  const publish = (topic: string): Promise<unknown> =>
    redis.call('FCALL', 'plugmesh_publish', '1', historyKey(topic), 'update', '{}');
  const isTaken = (topic: string): Promise<boolean> =>
    publish(topic).then(
      () => true,
      () => false,
    );
  const declare = async (pattern: string): Promise<void> => {
    const topics = [{ pattern, join: 'public', push: 'none', history: { size: 10, ttl: '1h' } }];
    await mkdir(join(folder, 'services/tides'), { recursive: true });
    const manifest = JSON.stringify({ name: 'tides', run: ['true'], topics });
    await writeFile(join(folder, 'services/tides/plugin.json'), manifest);
  };

  before(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    folder = await mkdtemp(join(tmpdir(), 'plugmesh-mesh-'));
    const file = join(folder, 'plugmesh.toml');
    await writeFile(file, `[core]\nredis_url = "${server.url}"\n[mesh]\nport = ${await freePort()}\n`);
    await declare('tides:*');
    mesh = await startProcess(['node', MAIN], { env: { PLUGMESH_FILE: file }, ready: /mesh has started/ });
  });
  after(async () => {
    await mesh.stop();
    redis.disconnect();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('is loaded at the start, with the rules of the manifests', async () => {
    await eventually(() => isTaken('tides:brest'));
    await assert.rejects(publish('system'), /MESH_TOPIC_UNMATCHED/);
  });

  it('follows a manifest that changes', async () => {
    await declare('waves:*');
    await eventually(() => isTaken('waves:brest'));
    assert.equal(await isTaken('tides:brest'), false);
  });

  it('comes back after it was taken away, or replaced', async () => {
    await redis.call('FUNCTION', 'FLUSH');
    await eventually(() => isTaken('waves:brest'));
    const other =
      "#!lua name=plugmesh\nredis.register_function('plugmesh_publish', function() return redis.error_reply('X other') end)";
    await redis.call('FUNCTION', 'LOAD', 'REPLACE', other);
    await eventually(() => isTaken('waves:brest'));
  });

  it('comes back with a Redis that was killed', async () => {
    await redis.call('FUNCTION', 'FLUSH');
    await server.kill();
    await server.resume();
    await eventually(() => isTaken('waves:brest'), { timeoutMs: 15_000 });
  });
});
