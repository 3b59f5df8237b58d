import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../../src/log/index.ts';
import type { MeshDocument } from '../../../src/mesh-document/index.ts';
import { MESH_KEY, MESH_NOTICE } from '../../../src/protocol/index.ts';
import {
  connectRedis,
  MeshDocumentFollower,
  whenConnected,
  type RedisConnection,
} from '../../../src/redis/index.ts';
import { eventually, freePort, RedisServer } from '../../../src/testing/index.ts';

const log = createLog({ name: 'test', level: 'silent' });

const documentOf = (version: number): MeshDocument => ({
  format: 1,
  version,
  mode: 'production',
  control: { url: 'http://127.0.0.1:2346' },
  channel: { url: 'http://127.0.0.1:2347' },
  plugins: [],
  middleware: [],
  topics: [],
  endpointTypes: [],
});

describe('MeshDocumentFollower', () => {
  let redis: RedisServer;
  let writer: RedisConnection;
  let stateDir: string;
  let follower: MeshDocumentFollower;

  const copy = (): string => join(stateDir, 'mesh-document.json');
  const create = (redisUrl: string | undefined): MeshDocumentFollower =>
    (follower = new MeshDocumentFollower({
      config: { stateDir, redisUrl },
      log,
      fallback: () => documentOf(1),
    }));
  const publish = async (text: string): Promise<void> => {
    await writer.set(MESH_KEY, text);
    await writer.publish(MESH_NOTICE, 'x');
  };

  before(async () => {
    redis = await RedisServer.start();
    writer = connectRedis(redis.url, { name: 'mesh', log });
  });
  beforeEach(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'plugmesh-follower-'));
    await whenConnected(writer, 5000);
    await writer.del(MESH_KEY);
  });
  afterEach(async () => {
    await follower.stop();
    await follower.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });
  after(async () => {
    writer.disconnect();
    await redis.stop();
  });

  it('has the document of Redis when start resolves, and a copy of it on disk', async () => {
    await writer.set(MESH_KEY, JSON.stringify(documentOf(5)));
    create(redis.url);
    await Promise.all([follower.start(), follower.start()]);
    assert.equal(follower.current.version, 5);
    assert.equal(follower.connected, true);
    await eventually(() => JSON.parse(readFileSync(copy(), 'utf8')).version === 5);
  });

  it('swaps in every new document and tells its listeners, until they leave', async () => {
    await create(redis.url).start();
    const versions: number[] = [];
    const leave = follower.onChange(({ version }) => {
      versions.push(version);
      throw new Error('a listener that fails');
    });
    await publish(JSON.stringify(documentOf(6)));
    await eventually(() => follower.current.version === 6);
    await publish(JSON.stringify(documentOf(7)));
    await eventually(() => follower.current.version === 7);
    leave();
    await publish(JSON.stringify(documentOf(8)));
    await eventually(() => follower.current.version === 8);
    assert.deepEqual(versions, [6, 7]);
  });

  it('ends at the newest of many changes in a row', async () => {
    await create(redis.url).start();
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => publish(JSON.stringify(documentOf(100 + index)))),
    );
    await eventually(() => follower.current.version === 149);
  });

  it('keeps the last good document when a broken one is published', async () => {
    await writer.set(MESH_KEY, JSON.stringify(documentOf(5)));
    await create(redis.url).start();
    for (const broken of ['', '{', '{"format":1}', 'null']) await publish(broken);
    await publish(JSON.stringify(documentOf(9)));
    await eventually(() => follower.current.version === 9);
  });

  it('takes the files when Redis is there but has no document yet', async () => {
    writeFileSync(copy(), JSON.stringify(documentOf(4)));
    await create(redis.url).start();
    assert.equal(follower.current.version, 1);
  });

  it('takes the copy on disk when Redis is away', async () => {
    writeFileSync(copy(), JSON.stringify(documentOf(4)));
    await create(`redis://127.0.0.1:${await freePort()}`).start();
    assert.equal(follower.current.version, 4);
    assert.equal(follower.connected, false);
  });

  it('takes the files when Redis is away and the copy is missing or broken', async () => {
    writeFileSync(copy(), '{"format":');
    await create(`redis://127.0.0.1:${await freePort()}`).start();
    assert.equal(follower.current.version, 1);
  });

  it('works without any Redis', async () => {
    await create(undefined).start();
    assert.equal(follower.current.version, 1);
    assert.equal(follower.connected, false);
  });

  it('catches up with what it missed when its connection was cut', async () => {
    await writer.set(MESH_KEY, JSON.stringify(documentOf(5)));
    await create(redis.url).start();
    // Without a notice: only the reconnect can bring it.
    await writer.set(MESH_KEY, JSON.stringify(documentOf(6)));
    assert.equal(follower.current.version, 5);
    await writer.client('KILL', 'TYPE', 'PUBSUB');
    await eventually(() => follower.current.version === 6, { timeoutMs: 10_000 });
  });

  it('goes on while Redis is killed, and follows again when Redis is back', async () => {
    await writer.set(MESH_KEY, JSON.stringify(documentOf(5)));
    await create(redis.url).start();
    await redis.kill();
    await eventually(() => !follower.connected);
    assert.equal(follower.current.version, 5);
    await redis.resume();
    await eventually(() => follower.connected && writer.status === 'ready', { timeoutMs: 10_000 });
    await publish(JSON.stringify(documentOf(7)));
    await eventually(() => follower.current.version === 7, { timeoutMs: 10_000 });
  });

  it('finds Redis when it comes after the start', async () => {
    await redis.kill();
    await create(redis.url).start();
    assert.equal(follower.current.version, 1);
    await redis.resume();
    await whenConnected(writer, 5000);
    await publish(JSON.stringify(documentOf(3)));
    await eventually(() => follower.current.version === 3, { timeoutMs: 10_000 });
  });
});
