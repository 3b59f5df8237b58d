import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MESH_KEY } from '@plugmesh/shared/protocol';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { environmentPlugin, plugin } from './support/plugins.ts';
import { TestMesh } from './support/test-mesh.ts';

/** Does on Redis what it is told to, as the plugin that it is; `?as=nobody` without its password. */
const CURIOUS = `import { Redis } from 'ioredis';
const url = process.env.REDIS_URL;
const own = new Redis(url);
own.on('error', () => {});
server(async (req, res) => {
  const { searchParams } = new URL(req.url, 'http://curious');
  const redis = searchParams.has('as') ? new Redis(url.replace(/\\/\\/.*@/, '//'), { retryStrategy: null }) : own;
  if (redis !== own) redis.on('error', () => {});
  const [name, ...args] = JSON.parse(searchParams.get('command') ?? '["PING"]');
  res.end(JSON.stringify(await redis.call(name, ...args).then((is) => ({ is }), ({ message }) => ({ message }))));
});
`;

describe('the private Redis', function () {
  this.timeout(60_000);
  let mesh: TestMesh;

  const ask = async (command: readonly string[], as = ''): Promise<{ is?: unknown; message?: string }> => {
    const query = new URLSearchParams({ command: JSON.stringify(command), ...(as === '' ? {} : { as }) });
    const response = await fetch(`${mesh.origin}/api/curious/?${query.toString()}`);
    return (await response.json()) as { is?: unknown; message?: string };
  };

  before(async () => {
    const topics = [{ pattern: 'log', join: 'public', push: 'none', history: { size: 9, ttl: '1h' } }];
    mesh = await TestMesh.create({ plugins: { curious: plugin('curious', CURIOUS, { topics }) } });
    await symlink(join(import.meta.dirname, '../../node_modules'), join(mesh.folder, 'node_modules'));
    await mesh.up();
    await mesh.untilState('curious', 'ready');
  });
  after(() => mesh.remove());

  it('takes from a plugin what is its own, and events for durable topics', async () => {
    await eventually(async () => (await ask(['SET', 'curious:1', 'x'])).is === 'OK');
    assert.deepEqual(await ask(['PUBLISH', 'to:log:line', '{}']), { is: 1 });
    const { is } = await ask(['FCALL', 'plugmesh_publish', '1', 'plugmesh:history:{log}', 'line', '{}']);
    assert.match(String(is), /^\d+-1$/);
  });

  for (const command of [
    ['GET', MESH_KEY],
    ['SET', MESH_KEY, '{}'],
    ['SET', 'plugmesh:session:forged', '{}'],
    ['XADD', 'plugmesh:history:{log}', '*', 'a', 'b'],
    ['PUBLISH', 'plugmesh:access', '{}'],
    ['PSUBSCRIBE', '*'],
    ['ACL', 'SETUSER', 'plugmesh_curious', '+@all', '~*'],
    ['FLUSHALL'],
  ])
    it(`refuses a plugin ${command.join(' ')}`, async () => {
      assert.match((await ask(command)).message ?? '', /NOPERM/);
    });

  it('lets nobody in without a password', async () => {
    assert.match((await ask(['GET', MESH_KEY], 'nobody')).message ?? '', /NOAUTH/);
  });

  it('shows no password in the list of processes', async () => {
    const password = new URL((await mesh.command('redis')).output.trim()).password;
    assert.equal(password.length, 43);
    assert.ok(mesh.describeProcesses().includes('redis-server'));
    assert.ok(!mesh.describeProcesses().includes(password));
  });

  it('lets a plugin in again after it was killed', async () => {
    const { pid } = (await mesh.runningProcesses()).find(({ name }) => name === 'redis') ?? {};
    process.kill(pid ?? 0, 'SIGKILL');
    await eventually(async () => (await ask(['GET', 'curious:1'])).is === 'x', { timeoutMs: 20_000 });
  });

  it("is where './plugmesh redis' says, for a plugin with its rights", async () => {
    const { output } = await mesh.command('redis', 'curious');
    assert.match(output, /^redis:\/\/plugmesh_curious:[\w-]{43}@127\.0\.0\.1:\d+\n$/);
  });

  it('is nothing that up has to warn of', () => assert.doesNotMatch(mesh.output, /trusted/));
});

describe('a Redis that lets nobody make users', function () {
  this.timeout(60_000);
  let server: RedisServer;
  let mesh: TestMesh;
  let url: string;

  before(async () => {
    server = await RedisServer.start({ password: 'of-its-owner' });
    url = server.url.replace(':of-its-owner', 'tenant:of-a-tenant');
    const owner = new Redis(server.url);
    await owner.call(
      'ACL',
      'SETUSER',
      'tenant',
      'on',
      '>of-a-tenant',
      '~*',
      '&*',
      '+@all',
      '-@admin',
      '-acl',
    );
    owner.disconnect();
    const plugins = { shows: environmentPlugin('shows') };
    mesh = await TestMesh.create({ plugins, env: { REDIS_URL: url } });
    await mesh.up();
  });
  after(async () => {
    await mesh.remove();
    await server.stop();
  });

  it('is said by up: plugins are trusted, and are given the user of the mesh', async () => {
    assert.match(mesh.output, /Redis makes no users: plugins are trusted with everything in it \(NOPERM/);
    const given = async (): Promise<string | undefined> => {
      const response = await fetch(`${mesh.origin}/api/shows/`);
      return ((await response.json()) as Record<string, string>)['REDIS_URL'];
    };
    await eventually(async () => (await given()) === url, { timeoutMs: 30_000 });
  });
});
