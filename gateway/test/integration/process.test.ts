import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { MESH_KEY, MESH_NOTICE } from '@plugmesh/shared/protocol';
import { connectRedis } from '@plugmesh/shared/redis';
import { createLog } from '@plugmesh/shared/log';
import {
  eventually,
  freePort,
  RedisServer,
  startProcess,
  type RunningProcess,
} from '@plugmesh/shared/testing';
import { sketchDocument } from '../support/mesh.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** Resident memory of a process (proc(5), `VmRSS`). */
function residentBytes(pid: number): number {
  const [, kibibytes = ''] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

describe('the gateway process', () => {
  const upstream = new RecordingUpstream();
  let folder: string;
  let port: number;
  let running: RunningProcess | undefined;

  before(() => upstream.listen(0));
  after(() => upstream.stop());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plugmesh-gateway-'));
    port = await freePort();
    const plugin = `[plugins.files]\nurl = "${upstream.url}"\nguard = "public"\n`;
    writeFileSync(join(folder, 'plugmesh.toml'), `[gateway]\nport = ${port}\n${plugin}`);
  });
  afterEach(async () => {
    await running?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (redisUrl: string): Promise<RunningProcess> =>
    startProcess(['node', MAIN], {
      cwd: folder,
      env: { PLUGMESH_FILE: join(folder, 'plugmesh.toml'), REDIS_URL: redisUrl },
      ready: /has started/,
    });
  const status = async (path: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}${path}`)).status;

  it('starts alone, without Redis, with what the files say, and stops with 0', async () => {
    running = await start(`redis://127.0.0.1:${await freePort()}`);
    assert.equal(await status('/api/files/'), 200);
    assert.deepEqual(await (await fetch(`http://127.0.0.1:${port}/readyz`)).json(), { state: 'degraded' });
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
  });

  it('follows the document in Redis within a second, and goes on with it when Redis is killed', async () => {
    const redis = await RedisServer.start();
    const writer = connectRedis(redis.url, {
      name: 'test',
      log: createLog({ name: 'test', level: 'silent' }),
    });
    const publish = async (version: number, ids: readonly string[]): Promise<void> => {
      const document = sketchDocument(
        ids.map((id) => ({ id, urls: [upstream.url] })),
        { version },
      );
      await writer.set(MESH_KEY, JSON.stringify(document));
      await writer.publish(MESH_NOTICE, String(version));
    };
    await publish(1, ['one']);
    running = await start(redis.url);
    await eventually(async () => (await status('/api/one/')) === 200);
    await publish(2, ['one', 'two']);
    await eventually(async () => (await status('/api/two/')) === 200, { timeoutMs: 1000 });
    await redis.kill();
    await eventually(async () =>
      (await (await fetch(`http://127.0.0.1:${port}/readyz`)).text()).includes('degraded'),
    );
    assert.equal(await status('/api/two/'), 200);
    await redis.resume();
    await publish(3, ['three']);
    await eventually(async () => (await status('/api/three/')) === 200, { timeoutMs: 10_000 });
    assert.equal(await status('/api/two/'), 404);
    writer.disconnect();
    await redis.stop();
  });

  it('moves 100 MB each way without keeping them in memory', async () => {
    const size = 100_000_000;
    const echo = createServer((req, res) => void req.pipe(res)).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const url = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`;
    const plugin = `[plugins.echo]\nurl = "${url}"\nguard = "public"\nlimits.body = "100MiB"\n`;
    writeFileSync(join(folder, 'plugmesh.toml'), `[gateway]\nport = ${port}\n${plugin}`);
    running = await start(`redis://127.0.0.1:${await freePort()}`);
    const { pid } = running;
    const transfer = async (): Promise<number> => {
      const before = residentBytes(pid);
      let most = before;
      const looks = setInterval(() => (most = Math.max(most, residentBytes(pid))), 10);
      const headers = { 'content-length': size };
      const req = request(`http://127.0.0.1:${port}/api/echo/`, { method: 'POST', headers });
      const body = Readable.from(Array.from({ length: 1000 }, () => Buffer.alloc(size / 1000)));
      body.pipe(req);
      const [res] = (await once(req, 'response')) as [IncomingMessage];
      let received = 0;
      for await (const chunk of res) received += (chunk as Buffer).length;
      clearInterval(looks);
      assert.equal(received, size);
      return most - before;
    };
    // What a process takes for its first large bodies, it keeps for the next.
    await transfer();
    const more = await transfer();
    assert.ok(more < 64 * 2 ** 20, `memory grew by ${Math.round(more / 2 ** 20)} MiB`);
    echo.close();
  });

  it('serves what it holds when a document is garbage', async () => {
    const redis = await RedisServer.start();
    const writer = connectRedis(redis.url, {
      name: 'test',
      log: createLog({ name: 'test', level: 'silent' }),
    });
    await writer.set(MESH_KEY, '{"format":1,"plugins":"no"}');
    running = await start(redis.url);
    assert.equal(await status('/api/files/'), 200);
    writer.disconnect();
    await redis.stop();
  });
});
