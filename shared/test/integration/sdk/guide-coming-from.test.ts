import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createTestPlugin, testUser, type TestPlugin, type TestPluginOptions } from '@plugmesh/sdk/testing';
import { Redis } from 'ioredis';
import { HOME } from '../../../src/processes/index.ts';
import { eventually, freePort, RedisServer, startProcess } from '../../../src/testing/index.ts';

const PAGE = join(HOME, 'docs/guides/coming-from.md');
const ADA = testUser('ada');
const ROOT = testUser('root', 'admin');

describe('the guide for those who come from elsewhere', () => {
  let folder: string;
  const looked = new Set<string>();
  const names: string[] = [];
  const plugins: TestPlugin[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plugmesh-guide-'));
    await symlink(join(HOME, 'node_modules'), join(folder, 'node_modules'));
    const blocks = (await readFile(PAGE, 'utf8')).matchAll(/^```\w+ (\S+)\n([^]*?)^```$/gm);
    for (const [, file = '', text = ''] of blocks) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
      if (file.endsWith('main.mts')) names.push(file);
    }
  });
  afterEach(() => Promise.all(plugins.splice(0).map((plugin) => plugin.stop())));
  after(() => rm(folder, { recursive: true, force: true }));

  const fileOf = (name: string): string => {
    looked.add(`services/${name}/main.mts`);
    return join(folder, `services/${name}/main.mts`);
  };
  const load = async (name: string, options: TestPluginOptions = {}): Promise<TestPlugin> => {
    const plugin = await createTestPlugin(fileOf(name), options);
    plugins.push(plugin);
    return plugin;
  };
  const jsonOf = async (
    plugin: TestPlugin,
    ...request: Parameters<TestPlugin['request']>
  ): Promise<unknown> => (await plugin.request(...request)).json();

  it('has a route as tangram has it', async () => {
    assert.deepEqual(await jsonOf(await load('my-plugin'), '/'), { message: 'Hello from my custom plugin!' });
  });

  it('has a periodic publisher as tangram has it', async () => {
    const plugin = await load('my-status');
    await plugin.clock.advance(25_000);
    const status = { topic: 'my-status', event: 'status', payload: { alive: true } };
    assert.deepEqual(plugin.published, [status, status, status]);
  });

  it('has a subscriber for commands as tangram has it', async () => {
    const redis = await RedisServer.start();
    const port = await freePort();
    const env = { PORT: String(port), REDIS_URL: redis.url };
    const running = await startProcess(['node', fileOf('my-commands')], {
      cwd: folder,
      env,
      ready: /has started/,
    });
    const publisher = new Redis(redis.url);
    try {
      for (const command of ['go', 'stop'])
        await publisher.publish('from:my-commands:command', `"${command}"`);
      const count = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/`)).json();
      await eventually(async () => {
        assert.deepEqual(await count(), { count: 2 });
        return true;
      });
      assert.match(running.output, /command 2 on from:my-commands:command: "stop"/);
    } finally {
      publisher.disconnect();
      await running.stop();
      await redis.stop();
    }
  });

  it('has session and admin routes, and an init that may fail, as Stratos has them', async () => {
    const plugin = await load('ships');
    assert.equal((await plugin.request('/v1/ships')).status, 401);
    assert.deepEqual(await jsonOf(plugin, '/v1/ships', { as: ADA }), { ships: ['Ada of Kiel'], user: 'ada' });
    const sink = { method: 'DELETE' };
    assert.equal((await plugin.request('/v1/admin/ships', { ...sink, as: ADA })).status, 403);
    assert.equal((await plugin.request('/v1/admin/ships', { ...sink, as: ROOT })).status, 204);
    const broken = await load('ships', { config: { harbour: '' } });
    assert.deepEqual(broken.health, { state: 'disabled', reason: 'there is no harbour' });
  });

  it('has middleware as Stratos has it', async () => {
    const plugin = await load('tell-tenant');
    const ask = (host: string): Promise<Response> =>
      plugin.request('/check', { headers: { 'x-forwarded-host': host } });
    const passed = await ask('red.example.org');
    assert.deepEqual([passed.status, passed.headers.get('x-tenant')], [204, 'red']);
    assert.equal((await ask('closed.example.org')).status, 403);
  });

  it('has the example of pluginserver', async () => {
    assert.deepEqual(await jsonOf(await load('example'), '/'), { example: 'Hi from Example' });
  });

  it('has the interfaces and rates of pluginserver', async () => {
    const plugin = await load('netinfo', { config: { interval: 1 } });
    await eventually(async () => {
      await plugin.clock.advance(1000);
      const list = (await jsonOf(plugin, '/')) as { iface: string; address: string; received: unknown }[];
      const known = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ cidr }) => cidr) ?? []);
      assert.deepEqual(list.map(({ address }) => address).sort(), known.sort());
      assert.ok(
        list.every(({ received }) => typeof received === 'number' && received >= 0),
        JSON.stringify(list),
      );
      return true;
    });
  });

  it('has no plugin that nothing runs', () => assert.deepEqual([...looked].sort(), names.sort()));
});
