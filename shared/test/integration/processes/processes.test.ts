import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Config } from '@plugmesh/shared/config';
import { parseManifest, type FoundManifest, type Manifest } from '@plugmesh/shared/manifest';
import {
  meshPorts,
  meshProcesses,
  dropNext,
  pm2App,
  portHolder,
  portsOfTree,
  prepare,
  preparation,
  processTree,
  promoteNext,
  readPorts,
  reserveNext,
  satisfies,
} from '@plugmesh/shared/processes';

describe('the processes of a mesh', () => {
  let folder: string;
  let config: Config;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plugmesh-processes-'));
    await writeFile(
      join(folder, 'plugmesh.toml'),
      '[gateway]\ninstances = 2\n[plugins.a.config]\nkey = "own"\n',
    );
    config = loadConfig({ file: join(folder, 'plugmesh.toml'), env: {} });
  });
  after(() => rm(folder, { recursive: true }));

  const manifest = (name: string, more: object = {}): Manifest =>
    parseManifest(JSON.stringify({ name, run: ['node', 'main.mjs'], ...more }), join(folder, 'plugin.json'));
  const found = (...manifests: Manifest[]): FoundManifest[] =>
    manifests.map((each) => ({ id: each.name, file: '', manifest: each }));

  it('keep their ports when others come and go', () => {
    const first = meshPorts(config, found(manifest('b', { instances: 2 })));
    const second = meshPorts(config, found(manifest('a'), manifest('b', { instances: 2 })));
    assert.deepEqual(second.plugins['b'], first.plugins['b']);
    assert.equal(second.redis, first.redis);
    assert.equal(new Set([...(second.plugins['a'] ?? []), ...(second.plugins['b'] ?? [])]).size, 3);
    assert.deepEqual(meshPorts(config, found(manifest('a'))).plugins['a'], second.plugins['a']);
  });

  it('get another port when a program has taken theirs', async () => {
    const before = meshPorts(config, found(manifest('a'))).plugins['a']?.[0] ?? 0;
    const thief = createServer().listen(before, '127.0.0.1');
    await once(thief, 'listening');
    const renewed = meshPorts(config, found(manifest('a')), true).plugins['a']?.[0];
    thief.close();
    assert.notEqual(renewed, before);
  });

  it('have a fixed port where the manifest says so', () => {
    assert.deepEqual(meshPorts(config, found(manifest('fixed', { port: 18111 }))).plugins['fixed'], [18111]);
  });

  it('have the ports of the next generation beside their own until it is promoted', () => {
    const [b] = [manifest('b', { instances: 2 })];
    const own = meshPorts(config, found(b)).plugins['b'];
    const next = reserveNext(config, found(b), b).next['b'];
    assert.equal(next?.length, 2);
    assert.equal(new Set([...(own ?? []), ...next]).size, 4);
    const names = meshProcesses(config, [b], meshPorts(config, found(b))).map(({ name }) => name);
    assert.deepEqual(names.slice(-4), ['b', 'b:1', 'b.2', 'b.2:1']);
    promoteNext(config, 'b');
    assert.deepEqual(readPorts(config).plugins['b'], next);
    assert.equal(readPorts(config).generations['b'], 2);
    reserveNext(config, found(b), b);
    assert.deepEqual(dropNext(config).next, {});
    const renewed = meshPorts(config, found(b), true);
    assert.deepEqual(renewed.generations, {}, 'a mesh that starts anew counts anew');
  });

  it('are Redis, mesh, gateway, channel and one per plugin instance', () => {
    const manifests = [manifest('a', { instances: 2 })];
    const names = meshProcesses(config, manifests, meshPorts(config, found(...manifests))).map(
      ({ name }) => name,
    );
    assert.deepEqual(names, ['redis', 'mesh', 'gateway', 'channel', 'a', 'a:1']);
  });

  it('leave Redis out when one is configured, and give it to everybody: to a plugin as its own user', () => {
    const redisUrl = 'redis://10.0.0.1:6379';
    const processes = meshProcesses(
      { ...config, redisUrl },
      [manifest('a')],
      meshPorts(config, found(manifest('a'))),
    );
    assert.ok(!processes.some(({ kind }) => kind === 'redis'));
    const [plugin, ...core] = processes.toReversed().map(({ env }) => env['REDIS_URL'] ?? '');
    assert.deepEqual(core, [redisUrl, redisUrl, redisUrl]);
    assert.match(plugin ?? '', /^redis:\/\/plugmesh_a:[\w-]{43}@10\.0\.0\.1:6379$/);
  });

  it('have a Redis that only those with a password may use; no command line shows it', () => {
    const processes = meshProcesses(config, [manifest('a')], meshPorts(config, found(manifest('a'))));
    const urls = processes.flatMap(({ kind, env }) => (kind === 'redis' ? [] : (env['REDIS_URL'] ?? '')));
    const passwords = urls.map((url) => new URL(url).password);
    assert.equal(new Set(passwords).size, 2, 'one of the mesh, one of the plugin');
    for (const { argv } of processes)
      assert.ok(!passwords.some((password) => argv.join(' ').includes(password)));
    assert.match(processes[0]?.argv.join(' ') ?? '', /--user default on ~\* &\* \+@all #[0-9a-f]{64} /);
  });

  it('give a plugin its own settings and nothing of the shell', () => {
    const processes = meshProcesses(config, [manifest('a')], meshPorts(config, found(manifest('a'))));
    const env = processes.find(({ name }) => name === 'a')?.env ?? {};
    const allowed = ['PATH', 'HOME', 'LANG', 'TZ', 'NODE_COMPILE_CACHE', 'PORT', 'HOST', 'REDIS_URL'];
    const others = Object.keys(env).filter((name) => !allowed.includes(name));
    assert.deepEqual(others.sort(), [
      'PLUGMESH_CONFIG',
      'PLUGMESH_INSTANCE',
      'PLUGMESH_MESH',
      'PLUGMESH_PLUGIN',
      'PLUGMESH_PREFIX',
      'PLUGMESH_TOKEN',
      'PLUGMESH_URL',
    ]);
    assert.equal(env['PLUGMESH_CONFIG'], '{"key":"own"}');
  });

  it('give a plugin that keeps files a folder of its own', () => {
    const plugins = [manifest('a', { state: true }), manifest('b', {})];
    const processes = meshProcesses(config, plugins, meshPorts(config, found(...plugins)));
    const folderOf = (id: string) => processes.find(({ name }) => name === id)?.env['PLUGMESH_STATE'];
    assert.equal(folderOf('a'), join(config.stateDir, 'plugins/a'));
    assert.equal(folderOf('b'), undefined);
  });

  it("give a plugin its settings as its manifest's schema has them, defaults filled in", () => {
    const properties = { key: { type: 'string' }, start: { type: 'integer', default: 0 } };
    const plugins = [manifest('a', { config: { type: 'object', properties } })];
    const processes = meshProcesses(config, plugins, meshPorts(config, found(...plugins)));
    const { env } = processes.find(({ name }) => name === 'a') ?? {};
    assert.deepEqual(JSON.parse(env?.['PLUGMESH_CONFIG'] ?? ''), { key: 'own', start: 0 });
  });

  it('are described to pm2: gateway as a cluster that says when it is ready, plugins as they are', () => {
    const processes = meshProcesses(config, [manifest('a')], meshPorts(config, found(manifest('a'))));
    const apps = new Map(processes.map((process) => [process.name, pm2App(process, config)]));
    assert.equal(apps.get('gateway')?.['instances'], 2);
    assert.equal(apps.get('gateway')?.['wait_ready'], true);
    assert.equal(apps.get('a')?.['interpreter'], 'none');
    assert.ok((apps.get('a')?.['filter_env'] as string[]).includes('PATH'));
  });

  it('are killed only when their drain has had its time', () => {
    const { limits } = config.gateway;
    const patient = { ...config, gateway: { ...config.gateway, limits: { ...limits, drainMs: 60_000 } } };
    for (const process of meshProcesses(patient, [], meshPorts(config, found()))) {
      const { kill_timeout: killMs } = pm2App(process, patient);
      if (process.kind !== 'redis') assert.ok(Number(killMs) > 60_000, `${process.name}: ${String(killMs)}`);
    }
  });

  it('have the memory limits that are set, and no others', async () => {
    const file = join(folder, 'limits.toml');
    await writeFile(
      file,
      '[gateway.limits]\nmemory = "300MiB"\n[channel.limits]\nmemory = "1GiB"\n[plugins.a.limits]\nmemory = "64MiB"\n',
    );
    const limited = loadConfig({ file, env: {} });
    const manifests = [manifest('a', { instances: 2 }), manifest('b')];
    const limits = meshProcesses(limited, manifests, meshPorts(config, found(...manifests))).map(
      (process) => [process.name, pm2App(process, limited)['max_memory_restart']] as const,
    );
    const mebibyte = 1024 * 1024;
    assert.deepEqual(Object.fromEntries(limits.filter(([, limit]) => limit !== undefined)), {
      gateway: 300 * mebibyte,
      channel: 1024 * mebibyte,
      a: 64 * mebibyte,
      'a:1': 64 * mebibyte,
    });
  });

  it('are set up once, and again when an input changes', async () => {
    const plugin = manifest('a', {
      setup: [['node', '-e', 'fs.appendFileSync("made", "x")']],
    });
    assert.equal(preparation(config, plugin).state, 'needed');
    assert.equal((await prepare(config, plugin)).state, 'prepared');
    assert.equal((await prepare(config, plugin)).state, 'prepared');
    assert.equal(await readFile(join(folder, 'made'), 'utf8'), 'x');
    await writeFile(join(folder, 'requirements.txt'), 'new');
    assert.equal(preparation(config, plugin).state, 'needed');
  });

  it('say what a failing setup wrote, and what is missing', async () => {
    const failing = manifest('a', { setup: [['node', '-e', 'console.error("no disk"); process.exit(2)']] });
    const failed = await prepare(config, failing);
    assert.ok(failed.state === 'failed' && /MESH_SETUP_FAILED.*ended with 2: no disk/s.test(failed.reason));
    const lacking = await prepare(config, manifest('a', { requires: { node: '>=999' } }));
    assert.ok(lacking.state === 'skipped' && /'node' >=999 is needed, 2\d/.test(lacking.reason));
  });
});

describe('versions', () => {
  for (const [version, range, expected] of [
    ['3.9.1', '>=3.9', true],
    ['3.10', '>=3.9', true],
    ['3.8.18', '>=3.9', false],
    ['1.22', '>=1.22.1', false],
    ['24.0.0', '>=9', true],
    ['1.0', '*', true],
  ] as const) {
    it(`${version} ${expected ? 'fulfils' : 'does not fulfil'} ${range}`, () =>
      assert.equal(satisfies(version, range), expected));
  }
});

describe('what the system shows', () => {
  it('names who listens on a port, and the ports of a process', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    assert.equal(portHolder(port)?.pid, process.pid);
    assert.ok(portsOfTree(process.pid).includes(port));
    assert.ok(processTree(process.pid).includes(process.pid));
    server.close();
  });
});
