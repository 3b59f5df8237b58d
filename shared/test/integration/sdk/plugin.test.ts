import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createLog } from '../../../src/log/index.ts';
import { PLUGIN_STOP_MS } from '../../../src/processes/index.ts';
import {
  BusPublisher,
  connectRedis,
  Subscription,
  whenConnected,
  type RedisConnection,
} from '../../../src/redis/index.ts';
import {
  eventually,
  freePort,
  RedisServer,
  startProcess,
  type RunningProcess,
} from '../../../src/testing/index.ts';

const log = createLog({ name: 'test', level: 'silent' });
const FIXTURES = join(import.meta.dirname, '../fixtures');

interface StartedPlugin {
  readonly url: string;
  readonly running: RunningProcess;
}

async function startPlugin(name: string, env: Record<string, string> = {}): Promise<StartedPlugin> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const running = await startProcess(['node', 'src/main.ts'], {
    cwd: join(FIXTURES, name),
    env: { PORT: String(port), ...env },
    ready: /has started/,
  });
  return { url, running };
}

const bodyOf = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;

describe('definePlugin', () => {
  let redis: RedisServer;
  let plugin: StartedPlugin;

  before(async () => {
    redis = await RedisServer.start();
    plugin = await startPlugin('greeter', {
      REDIS_URL: redis.url,
      PLUGMESH_CONFIG: JSON.stringify({ greeting: 'hello' }),
    });
  });
  after(async () => {
    await plugin.running.stop();
    await redis.stop();
  });

  it('listens on PORT and serves its routes with its settings, without naming its framework', async () => {
    const response = await fetch(plugin.url);
    assert.equal((await bodyOf(response)).greeting, 'hello');
    assert.equal(response.headers.get('x-powered-by'), null);
  });

  it('answers health checks and shows its API description', async () => {
    const health = await fetch(`${plugin.url}/healthz`);
    const { state, services } = await bodyOf(health);
    assert.deepEqual([health.status, state, Object.keys(services as object)], [200, 'ready', ['falls-over']]);
    const openapi = await fetch(`${plugin.url}/openapi.json`);
    assert.deepEqual((await bodyOf(openapi)).info, { title: 'Greeter', version: '1.2.3' });
  });

  for (const [path, status, code] of [
    ['/nowhere', 404, 'MESH_NOT_FOUND'],
    ['/throws', 500, 'MESH_INTERNAL'],
    ['/refuses', 403, 'MESH_FORBIDDEN'],
    ['/named/%E0%A4%A', 400, 'MESH_BAD_REQUEST'],
  ] as const) {
    it(`answers ${path} with a problem document: ${status} ${code}`, async () => {
      const response = await fetch(plugin.url + path, { headers: { 'x-request-id': 'r-1' } });
      assert.equal(response.status, status);
      assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8');
      const text = await response.text();
      const problem = JSON.parse(text);
      assert.deepEqual([problem.code, problem.plugin, problem.requestId], [code, 'greeter', 'r-1']);
      assert.ok(!text.includes('hunter2'), 'what a route throws is for the log');
    });
  }

  it('starts a failing service again while everything else runs', async () => {
    await eventually(async () => Number((await bodyOf(await fetch(plugin.url))).runs) >= 2);
    assert.match(plugin.running.output, /this service always fails/);
  });

  it('stops in order: the request in flight is answered, hooks run backwards, exit code 0', async () => {
    const { url, running } = await startPlugin('greeter');
    const slow = fetch(`${url}/slow`);
    // The request has to be in before the signal is.
    await fetch(url);
    const exit = running.kill('SIGTERM');
    assert.deepEqual(await (await slow).json(), { slow: true });
    assert.deepEqual(await exit, { code: 0, signal: null });
    assert.match(running.output, /second hook[^]*first hook/);
  });

  describe('on the bus', () => {
    let connection: RedisConnection;
    let publisher: BusPublisher;
    let listener: Subscription;
    const received: [string, string][] = [];

    before(async () => {
      connection = connectRedis(redis.url, { name: 'test', log });
      publisher = new BusPublisher(connection);
      await whenConnected(connection, 5000);
      listener = new Subscription({
        redisUrl: redis.url,
        name: 'listener',
        log,
        patterns: ['to:greeter*'],
        onMessage: (channel, payload) => received.push([channel, payload.toString()]),
      });
      await listener.start();
    });
    beforeEach(() => void received.splice(0));
    after(async () => {
      await listener.stop();
      connection.disconnect();
    });

    it('receives and publishes, JSON and bytes', async () => {
      await publisher.publishFrom('greeter', 'hello', { name: 'Ada' });
      await publisher.publishFrom('greeter-7', 'echo', Buffer.from('bytes'));
      await eventually(() => received.length === 2);
      const expected = [
        ['to:greeter-7:echo', 'bytes'],
        ['to:greeter:welcome', '{"name":"Ada"}'],
      ];
      assert.deepEqual(received.toSorted(), expected);
    });

    it('goes on after a message that is not JSON', async () => {
      await connection.publish('from:greeter:hello', '{');
      await publisher.publishFrom('greeter', 'hello', {});
      await eventually(() => received.length === 1);
    });

    it('goes on after Redis was killed and came back, and serves HTTP meanwhile', async () => {
      await redis.kill();
      assert.equal((await fetch(plugin.url)).status, 200);
      await redis.resume();
      const hasAnswer = async (): Promise<boolean> => {
        await publisher.publishFrom('greeter', 'hello', { again: true });
        return received.length > 0;
      };
      await eventually(hasAnswer, { timeoutMs: 10_000, everyMs: 100 });
      assert.equal(plugin.running.exit, undefined);
    });
  });
});

describe('a plugin that ends nothing by itself', () => {
  it('is stopped in time, its jobs have failed, and its hooks have run', async () => {
    const redis = await RedisServer.start();
    const { url, running } = await startPlugin('stubborn', { REDIS_URL: redis.url });
    const stream = await fetch(`${url}/stream`);
    const job = await fetch(`${url}/jobs`, { method: 'POST' });
    const path = job.headers.get('location') ?? '';
    const { signal } = await running.stop(PLUGIN_STOP_MS);
    assert.equal(signal, null, running.output);
    assert.match(running.output, /released/);
    await assert.rejects(stream.text());
    const other = await startPlugin('stubborn', { REDIS_URL: redis.url });
    assert.equal((await bodyOf(await fetch(other.url + path))).state, 'failed');
    await other.running.kill();
    await redis.stop();
  });

  it('is stopped while init hangs, and serves nothing of it meanwhile', async () => {
    const port = await freePort();
    const env = { PORT: String(port), PLUGMESH_CONFIG: JSON.stringify({ hangs: true }) };
    const cwd = join(FIXTURES, 'stubborn');
    const running = await startProcess(['node', 'src/main.ts'], { cwd, env, ready: /hangs/ });
    assert.equal((await fetch(`http://127.0.0.1:${port}/early`)).status, 503);
    assert.deepEqual(await running.stop(PLUGIN_STOP_MS), { code: 0, signal: null });
    assert.match(running.output, /released/);
  });

  it('does not cut an answer when a second one is refused', async () => {
    const { url, running } = await startPlugin('stubborn');
    const response = await fetch(`${url}/twice`);
    assert.equal((await response.arrayBuffer()).byteLength, 10_000_000);
    await running.kill();
  });
});

describe('a plugin whose setup fails', () => {
  let plugin: StartedPlugin;
  before(async () => {
    plugin = await startPlugin('broken');
  });
  after(async () => {
    await plugin.running.stop();
  });

  it('stays up and says why', async () => {
    const health = await fetch(`${plugin.url}/healthz`);
    assert.equal(health.status, 503);
    assert.deepEqual(await health.json(), { state: 'disabled', reason: 'no licence for this plugin' });
  });

  it('serves none of its routes, and keeps the reason from clients', async () => {
    const response = await fetch(plugin.url);
    assert.equal(response.status, 503);
    const text = await response.text();
    assert.equal(JSON.parse(text).code, 'MESH_PLUGIN_UNAVAILABLE');
    assert.ok(!text.includes('licence'));
  });

  it('has given back what its setup took', () => assert.match(plugin.running.output, /released/));
});

describe('a plugin without Redis', () => {
  it('starts and serves while Redis cannot be reached', async () => {
    const { url, running } = await startPlugin('greeter', {
      REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    });
    assert.equal((await fetch(url)).status, 200);
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
  });
});
