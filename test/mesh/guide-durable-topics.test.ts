import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { historyKey, STREAMS_KEY, streamKey } from '@plugmesh/shared/history';
import { meshPorts, redisUrlOf, redisUrlOfPlugin } from '@plugmesh/shared/processes';
import { eventually, startProcess } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { skipped } from './support/describe-with.ts';
import { Guide } from './support/guide.ts';
import { build } from './support/languages.ts';
import { TestMesh } from './support/test-mesh.ts';

const ROOT = join(import.meta.dirname, '../..');
const CLIENTS = join(import.meta.dirname, 'clients');
const KEY = historyKey('weather:paris');
const BUILD_TIMEOUT_MS = 10 * 60_000;

/** Programs of the guide, and the block that each is. */
const PROGRAMS = [
  { id: 'publish-python', block: 'main.py' },
  { id: 'publish-go', block: 'main.go' },
  { id: 'publish-rust', block: 'src/main.rs' },
];

describe('the guide to durable topics', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let guide: Guide;
  let redis: Redis;
  let redisUrl: string;

  before(async () => {
    mesh = await TestMesh.create();
    const ports = meshPorts(mesh.config, []);
    // As a plugin: with no more rights than that.
    redisUrl = redisUrlOfPlugin(mesh.config, ports, 'weather');
    const instead = { "'/socket'": `'${mesh.origin.replace('http', 'ws')}/socket'` };
    guide = new Guide('docs/guides/durable-topics.md', { mesh, instead, env: { REDIS_URL: redisUrl } });
    await symlink(join(ROOT, 'node_modules'), join(mesh.folder, 'node_modules'));
    await mesh.addPlugin('weather', {
      'src/main.mts': guide.text('services/weather/src/main.mts'),
      'plugin.json': {
        name: 'weather',
        run: ['node', 'src/main.mts'],
        http: { guard: 'public' },
        topics: [JSON.parse(guide.text('rule'))],
      },
    });
    await mesh.up();
    await mesh.untilState('weather', 'ready');
    redis = new Redis(redisUrlOf(mesh.config, ports), {
      retryStrategy: () => 100,
      maxRetriesPerRequest: null,
    });
    redis.on('error', () => undefined);
  });
  after(async () => {
    redis.disconnect();
    await mesh.remove();
  });

  const stream = async (): Promise<string> =>
    streamKey((await redis.get(STREAMS_KEY)) ?? '', 'weather:paris');
  const kept = async (): Promise<unknown[]> =>
    (await redis.xrange(await stream(), '-', '+')).map(
      ([, fields]) => JSON.parse(fields[5] ?? '') as unknown,
    );
  const pidOf = async (name: string): Promise<number> =>
    (await mesh.runningProcesses()).find((each) => each.name === name)?.pid ?? 0;
  const kill = async (name: string): Promise<void> =>
    void process.kill(await eventually(() => pidOf(name)), 'SIGKILL');

  /** As if Redis had come back empty: no events, and no function until mesh has seen it. */
  async function empty(): Promise<void> {
    const keys = await redis.keys(`${STREAMS_KEY}:*`);
    if (keys.length > 0) await redis.del(...keys);
    await redis.call('FUNCTION', 'FLUSH');
  }

  /** A program that answers the id: it waits for the function, and its event is not kept twice whatever it did not hear. */
  async function publishesOnce(publish: () => Promise<string>): Promise<void> {
    await empty();
    const id = await publish();
    assert.deepEqual(await kept(), [{ t: 21, _id: id }]);
    await kill('redis');
    assert.equal(await publish(), id);
    assert.deepEqual(await kept(), [{ t: 21, _id: id }]);
  }

  it('publishes with redis-cli', async () => {
    const id = await eventually(() => guide.run('publish'), { timeoutMs: 15_000 });
    assert.deepEqual(await kept(), [{ t: 21, _id: id }]);
  });

  it('publishes with the SDK, once, over a lost function and a killed Redis', () =>
    publishesOnce(async () => {
      const response = await fetch(`${mesh.origin}/api/weather/`, { method: 'POST' });
      const published = (await response.json()) as { ok: boolean; id: string };
      assert.ok(published.ok, JSON.stringify(published));
      return published.id;
    }));

  for (const { id, block } of PROGRAMS) {
    it(`publishes with ${id}, once, over a lost function and a killed Redis`, async function () {
      this.timeout(BUILD_TIMEOUT_MS);
      const result = await build({ id }, { folder: CLIENTS, files: { [block]: guide.text(block) } });
      if (result.state === 'skipped') skipped(this, id, result.reason);
      const [program = '', ...args] = result.manifest.run;
      const options = { cwd: result.folder, env: { PATH: '', REDIS_URL: redisUrl }, timeout: 30_000 };
      await publishesOnce(async () =>
        (await promisify(execFile)(join(result.folder, program), args, options)).stdout.trim(),
      );
    });
  }

  it('shows every event to the page once and in order, those too that it was away for', async () => {
    await empty();
    const page = join(mesh.folder, 'page.mjs');
    const reader =
      "const show = ({ n }) => console.log('show', n);\nconst reload = () => console.log('reload');\n";
    await writeFile(
      page,
      reader + guide.text('page').replace('weather.join()', "$&.receive('ok', () => console.log('joined'))"),
    );
    const running = await startProcess(['node', page], { cwd: mesh.folder, ready: /joined/ });
    const publish = async (n: number): Promise<void> => {
      const parameters = ['plugmesh_publish', 1, KEY, 'update', JSON.stringify({ n }), `event ${n}`];
      await eventually(() => redis.call('FCALL', ...parameters), { timeoutMs: 15_000 });
    };
    const shown = (): number[] => [...running.output.matchAll(/^show (\d+)$/gm)].map(([, n]) => Number(n));
    for (let n = 1; n <= 5; n++) await publish(n);
    await eventually(() => shown().length === 5, { timeoutMs: 10_000 });
    await kill('channel');
    for (let n = 6; n <= 10; n++) await publish(n);
    await eventually(() => shown().length === 10, { timeoutMs: 20_000, what: 'what was missed' });
    await publish(11);
    await eventually(() => shown().length === 11);
    assert.deepEqual(shown(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert.doesNotMatch(running.output, /reload/);
    await running.stop();
  });

  it('has no code block that nothing checks', () => guide.assertFollowed());
});
