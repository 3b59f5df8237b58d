import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { eventually } from '@plugmesh/shared/testing';
import { environmentPlugin, plugin } from './support/plugins.ts';
import { TestMesh } from './support/test-mesh.ts';

function assertNothingLeft(mesh: TestMesh): void {
  assert.deepEqual(mesh.processes(), [], 'processes are left');
  assert.deepEqual(mesh.heldPorts(), [], 'ports are held');
}

describe('plugmesh up', function () {
  this.timeout(90_000);
  let mesh: TestMesh;

  before(async () => {
    mesh = await TestMesh.create({
      plugins: { shows: environmentPlugin('shows') },
      env: { FOREIGN_SECRET: 'x' },
    });
  });
  afterEach(() => mesh.stop());
  after(() => mesh.remove());

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`stops everything on ${signal} to the launcher alone`, async () => {
      await mesh.up();
      assert.ok(mesh.processes().length >= 6, `${mesh.output}\n${mesh.describeProcesses()}`);
      assert.equal(await mesh.signal(signal), 0);
      assertNothingLeft(mesh);
    });
  }

  it('shows a row per plugin and the URLs, gives plugins no foreign secret, and runs only once', async () => {
    await mesh.up();
    assert.match(mesh.output, /shows +ready +\S+ +\d+ +public +\d+ ms/);
    assert.match(mesh.output, new RegExp(`${mesh.origin}/`));

    const environment = (await (await fetch(`${mesh.origin}/api/shows/`)).json()) as Record<string, string>;
    assert.equal(environment['FOREIGN_SECRET'], undefined);
    assert.ok(!JSON.stringify(environment).includes('FOREIGN'), JSON.stringify(environment));
    const secret = readFileSync(join(mesh.config.stateDir, 'secret'), 'utf8').trim();
    assert.ok(secret.length > 20 && !JSON.stringify(environment).includes(secret));
    const ours = Object.keys(environment).filter((name) => name.startsWith('PLUGMESH'));
    assert.deepEqual(
      ours.sort(),
      ['CONFIG', 'INSTANCE', 'MESH', 'PLUGIN', 'PREFIX', 'TOKEN', 'URL'].map((name) => `PLUGMESH_${name}`),
    );
    assert.equal(environment['PLUGMESH_PLUGIN'], 'shows');
    assert.equal(environment['PLUGMESH_INSTANCE'], 'shows-0');
    assert.equal(environment['PLUGMESH_PREFIX'], '/api/shows');
    assert.equal(environment['PLUGMESH_URL'], mesh.origin);
    assert.equal(environment['PLUGMESH_TOKEN'], mesh.pluginToken('shows'));
    assert.match(environment['REDIS_URL'] ?? '', /^redis:\/\/plugmesh_shows:[\w-]{43}@127\.0\.0\.1:\d+$/);

    const second = await mesh.command('up');
    assert.equal(second.code, 1);
    assert.match(second.output, /MESH_ALREADY_RUNNING/);
  });

  it('shows and logs what runs, and stops by down', async () => {
    await mesh.up();
    const ps = await mesh.command('ps', '--json');
    const { processes } = JSON.parse(ps.output) as { processes: { name: string }[] };
    assert.deepEqual(processes.map(({ name }) => name).sort(), [
      'channel',
      'gateway',
      'mesh',
      'redis',
      'shows',
    ]);
    assert.match((await mesh.command('logs', 'gateway')).output, /gateway/);
    assertDescribed(readdirSync(mesh.config.stateDir));
    assert.equal((await mesh.command('down')).code, 0);
    assert.equal(await mesh.exited, 0);
    assertNothingLeft(mesh);
    const again = await mesh.command('ps');
    assert.equal(again.code, 3);
    assert.match(again.output, /MESH_NOT_RUNNING/);
  });

  it('stops while it is still starting', async () => {
    mesh.launch();
    await eventually(() => mesh.processes().length > 0, { timeoutMs: 20_000, everyMs: 2 });
    assert.equal(await mesh.signal('SIGTERM'), 0);
    assertNothingLeft(mesh);
  });

  it('stops while a setup is running', async () => {
    const setup = [['node', '-e', "fs.writeFileSync('begun', ''); setInterval(() => {}, 1000)"]];
    await mesh.addPlugin('slow', plugin('slow', '', { setup }));
    mesh.launch();
    await eventually(() => existsSync(join(mesh.folder, 'services/slow/begun')), { timeoutMs: 20_000 });
    assert.equal(await mesh.signal('SIGTERM'), 0);
    assertNothingLeft(mesh);
    await rm(join(mesh.folder, 'services/slow'), { recursive: true });
  });

  it('ends at the next start what a killed launcher has left', async () => {
    await mesh.up();
    await mesh.signal('SIGKILL');
    assert.ok(mesh.processes().length > 0);
    await mesh.up();
    assert.equal(await mesh.signal('SIGTERM'), 0);
    assertNothingLeft(mesh);
  });

  it('names the process that holds a port', async () => {
    const holder = createServer().listen(mesh.config.gateway.port, '127.0.0.1');
    try {
      const { code, output } = await mesh.command('up');
      assert.equal(code, 1);
      assert.match(
        output,
        new RegExp(`MESH_PORT_TAKEN.*port ${mesh.config.gateway.port} .*process ${process.pid} \\(`),
      );
    } finally {
      holder.close();
    }
    assertNothingLeftButHolder(mesh);
  });
});

/** The reference says what each file of the state folder is. */
function assertDescribed(names: readonly string[]): void {
  const reference = readFileSync(join(import.meta.dirname, '../../docs/reference/cli.md'), 'utf8');
  const [, table = ''] = reference.split('## The state folder');
  const described = [...table.matchAll(/^\| `([\w.-]+)\/?` /gm)].map(([, name]) => name);
  assert.deepEqual(
    names.filter((name) => !described.includes(name)),
    [],
  );
}

function assertNothingLeftButHolder(mesh: TestMesh): void {
  assert.deepEqual(mesh.processes(), []);
}

describe('a plugin that hangs on stop', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  const deaf = `process.on('SIGINT', () => {}); process.on('SIGTERM', () => {});
    server((req, res) => res.end('ok'));`;

  beforeEach(async () => {
    mesh = await TestMesh.create({ plugins: { deaf: plugin('deaf', deaf) } });
    await mesh.up();
  });
  afterEach(() => mesh.remove());

  it('is killed after its time, and named', async () => {
    assert.equal(await mesh.signal('SIGTERM'), 0);
    assert.match(mesh.output, /MESH_PLUGIN_NOT_STOPPING {2}deaf \(process \d+\)/);
    assertNothingLeft(mesh);
  });

  it('is killed and named when it is disabled, and nothing else waits for it', async () => {
    const pid = (await mesh.untilState('deaf', 'ready')).instances[0]?.pid ?? 0;
    assert.equal((await mesh.command('disable', 'deaf')).code, 0);
    assert.equal((await fetch(`${mesh.origin}/readyz`)).status, 200);
    await eventually(() => !mesh.processes().includes(pid), { timeoutMs: 15_000 });
    await eventually(async () =>
      /MESH_PLUGIN_NOT_STOPPING: 'deaf'/.test((await mesh.command('logs', 'mesh', '-n', '100')).output),
    );
  });

  it('is killed at once by a second signal', async () => {
    const startedAt = performance.now();
    void mesh.signal('SIGINT');
    await eventually(() => mesh.output.includes('Stopping'));
    // A repeat within 300 ms counts as the same signal.
    await eventually(() => performance.now() - startedAt > 400);
    await mesh.signal('SIGINT');
    assert.ok(performance.now() - startedAt < 4_000, 'it waited for the plugin');
    assertNothingLeft(mesh);
  });
});
