import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACCESS_CHANGE, apiKeyKey, sessionKey } from '@plugmesh/shared/access';
import { loadConfig } from '@plugmesh/shared/config';
import { historyKey, STREAMS_KEY, streamKey } from '@plugmesh/shared/history';
import { loadSecrets, operatorToken } from '@plugmesh/shared/identity';
import { redisUrlOfPlugin, readPorts } from '@plugmesh/shared/processes';
import { MESH_KEY, MESH_NOTICE } from '@plugmesh/shared/protocol';
import { pluginRedisUrl } from '@plugmesh/shared/redis-users';
import {
  eventually,
  freePort,
  RedisServer,
  startProcess,
  type RunningProcess,
} from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const [OLD, NEW] = ['the older one of two secrets', 'the newer one of two secrets'];
const WEATHER = { pattern: 'weather:*', join: 'public', push: 'public', history: { size: 9, ttl: '1h' } };
const KEY = historyKey('weather:paris');
const GRANTS = '[plugins.radar.grants]\nchannels = ["jet1090", "from:*:bound-box"]\nkeys = ["aircraft:*"]\n';

describe("plugins' Redis users", function () {
  this.timeout(40_000);
  let server: RedisServer;
  let root: Redis;
  let folder: string;
  let mesh: RunningProcess;
  let port: number;
  const clients: Redis[] = [];

  const client = (url: string): Redis => {
    const made = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    made.on('error', () => undefined);
    clients.push(made);
    return made;
  };
  const as = (id: string, secret = NEW): Redis =>
    client(pluginRedisUrl(server.url, loadSecrets({ secrets: [secret], stateDir: folder }), id));
  const isOpenTo = async (id: string): Promise<boolean> =>
    (await as(id)
      .ping()
      .catch(() => '')) === 'PONG';
  const users = async (): Promise<string[]> => ((await root.call('ACL', 'USERS')) as string[]).sort();
  const declare = async (id: string, topics: readonly object[] = []): Promise<void> => {
    await mkdir(join(folder, 'services', id), { recursive: true });
    const manifest = JSON.stringify({ name: id, run: ['true'], topics });
    await writeFile(join(folder, 'services', id, 'plugin.json'), manifest);
  };
  const configure = (url: string): Promise<void> =>
    writeFile(
      join(folder, 'plugmesh.toml'),
      `[core]\nredis_url = "${url}"\n[mesh]\nport = ${port}\n${GRANTS}`,
    );
  const start = async (): Promise<RunningProcess> =>
    startProcess(['node', MAIN], {
      env: { PLUGMESH_FILE: join(folder, 'plugmesh.toml'), PLUGMESH_SECRET: `${NEW},${OLD}` },
      ready: /mesh has started/,
    });
  const rights = async (): Promise<{ plugins?: string; reason?: string }> => {
    const token = operatorToken(loadSecrets({ secrets: [NEW], stateDir: folder }));
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${port}/mesh/status`, { headers });
    return ((await response.json()) as { redis: object }).redis;
  };

  before(async () => {
    server = await RedisServer.start({ password: 'of-the-mesh' });
    root = client(server.url);
    folder = await mkdtemp(join(tmpdir(), 'plugmesh-mesh-'));
    port = await freePort();
    await configure(server.url);
    for (const id of ['radar', 'accounts']) await declare(id);
    await declare('tides', [WEATHER, { pattern: 'spaced out', join: 'public', push: 'none' }]);
    await root.call('ACL', 'SETUSER', 'somebody-else', 'on', '>else');
    await root.call('ACL', 'SETUSER', 'plugmesh_removed-long-ago', 'on', '>gone');
  });
  after(async () => {
    await mesh.stop();
    for (const each of clients) each.disconnect();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('let in plugins that were there before mesh, and nobody else', async () => {
    const early = as('tides');
    const set = eventually(() => early.set('tides:height', '3'), { timeoutMs: 15_000 });
    mesh = await start();
    assert.equal(await set, 'OK');
    await eventually(async () => (await rights()).plugins === 'own');
    assert.deepEqual(await users(), [
      ...['default', 'plugmesh_accounts', 'plugmesh_radar', 'plugmesh_tides', 'somebody-else'],
    ]);
    await assert.rejects(client(server.url.replace('of-the-mesh', 'guessed')).ping(), /WRONGPASS/);
  });

  it('use the bus, their own keys and the function of durable topics', async () => {
    const tides = as('tides');
    await tides.multi().hset('tides:1', 'a', '1').expire('tides:1', 60).exec();
    assert.equal(await tides.publish('to:any:news', '{}'), 0);
    assert.equal(await tides.publish('from:any:push', '{}'), 0);
    await eventually(() => tides.call('FCALL', 'plugmesh_publish', '1', KEY, 'rise', '{"m":3}', 'once'));
    const again = await tides.call('FCALL', 'plugmesh_publish', '1', KEY, 'rise', '{"m":3}', 'once');
    const kept = await root.xrange(streamKey((await root.get(STREAMS_KEY)) ?? '', 'weather:paris'), '-', '+');
    assert.deepEqual(
      kept.map(([id]) => id),
      [again],
    );
    for (const pattern of [
      'to:*',
      'from:*',
      'from:weather:*',
      'to:system:*',
      'from:streaming-*',
      'to:admin:channel.add',
    ])
      await tides.psubscribe(pattern);
    await tides.subscribe('from:anything:at-all');
  });

  it('refuse what a plugin must not do', async () => {
    await root.set(sessionKey('x'), '{}');
    const stream = streamKey((await root.get(STREAMS_KEY)) ?? '', 'weather:paris');
    const events = await root.xlen(stream);
    const tides = as('tides');
    const forbidden = [
      // The mesh's records, and those of other plugins.
      ...[MESH_KEY, sessionKey('x'), apiKeyKey('x'), STREAMS_KEY, 'radar:1', KEY].flatMap((key) => [
        ['GET', key],
        ['SET', key, '{}'],
        ['DEL', key],
        ['EXPIRE', key, '1'],
        ['RENAME', 'tides:1', key],
        ['COPY', key, 'tides:stolen'],
        ['OBJECT', 'FREQ', key],
        ['XADD', key, '*', 'a', 'b'],
        ['SUNIONSTORE', 'tides:1', key],
      ]),
      ['FCALL', 'plugmesh_publish', '1', MESH_KEY, 'e', '{}'],
      // A stream whose name somebody has guessed right may still not be taken away.
      ['DEL', stream],
      // What tells of others, or rules the server.
      ...[
        'KEYS *',
        'SCAN 0',
        'RANDOMKEY',
        'DBSIZE',
        'MONITOR',
        'SLOWLOG GET',
        'CLIENT LIST',
        'PUBSUB CHANNELS',
      ],
      ...['CLIENT TRACKING ON BCAST', 'CLIENT KILL TYPE normal', 'CLIENT PAUSE 1', 'CONFIG GET *'],
      ...[
        'FLUSHALL',
        'FLUSHDB',
        'SWAPDB 0 1',
        'SELECT 1',
        'SHUTDOWN',
        'SAVE',
        'REPLICAOF NO ONE',
        'SORT tides:1',
      ],
      ...[
        'ACL LIST',
        'ACL WHOAMI',
        'ACL SETUSER plugmesh_tides +@all',
        'ACL LOG',
        'DEBUG JMAP',
        'MODULE LIST',
      ],
      // Scripts.
      ...['EVAL return 0', 'SCRIPT LOAD return', 'FUNCTION LIST', 'FUNCTION FLUSH', 'FUNCTION DUMP'],
      // Channels of the mesh's own.
      ...[MESH_NOTICE, ACCESS_CHANGE, 'plugmesh:disconnect', 'other'].flatMap((name) => [
        ['PUBLISH', name, '1'],
        ['SUBSCRIBE', name],
      ]),
      ...['PSUBSCRIBE *', 'PSUBSCRIBE plugmesh:*', 'PSUBSCRIBE f*', 'SPUBLISH plugmesh:mesh 1'],
    ].map((command) => (typeof command === 'string' ? command.split(' ') : command));
    for (const [name = '', ...args] of forbidden)
      await assert.rejects(
        tides.call(name, ...args),
        /NOPERM|DEBUG command not allowed/,
        `${name} ${args.join(' ')}`,
      );
    assert.equal(await root.get(sessionKey('x')), '{}');
    assert.equal(await root.xlen(stream), events);
  });

  it('of the accounts reach sessions and keys, and tell of their changes', async () => {
    const accounts = as('accounts');
    await accounts.set(sessionKey('y'), '{}', 'PX', 60_000);
    await accounts.set(apiKeyKey('y'), '{}');
    assert.equal(await accounts.publish(ACCESS_CHANGE, '{}'), 0);
    await assert.rejects(accounts.get(MESH_KEY), /NOPERM/);
    await assert.rejects(accounts.get(STREAMS_KEY), /NOPERM/);
  });

  it('have besides what plugmesh.toml grants', async () => {
    const radar = as('radar');
    await radar.set('aircraft:1', 'x');
    await radar.subscribe('jet1090');
    await radar.psubscribe('from:*:bound-box');
    await assert.rejects(as('tides').subscribe('jet1090'), /NOPERM/);
    await assert.rejects(as('tides').psubscribe('from:*:bound-box'), /NOPERM/);
  });

  it('open with the older secret too, and keep their connections while rights change', async () => {
    const [tides, reader] = [as('tides', OLD), as('tides', OLD)];
    await reader.psubscribe('from:weather:*');
    const id = await tides.client('ID');
    await declare('radar', [{ pattern: 'planes', join: 'public', push: 'public' }]);
    await eventually(() => as('tides').psubscribe('from:planes:*'), { timeoutMs: 10_000 });
    assert.equal(await tides.client('ID'), id);
    assert.equal(reader.status, 'ready');
  });

  it('end with the plugin, and its connections with them', async () => {
    const radar = as('radar');
    await radar.ping();
    const cut = new Promise((resolve) => radar.once('close', resolve));
    await rm(join(folder, 'services/radar'), { recursive: true });
    await cut;
    await eventually(async () => !(await users()).includes('plugmesh_radar'));
    await declare('radar');
    await eventually(() => isOpenTo('radar'), { timeoutMs: 10_000 });
  });

  it('are there again after somebody took them away, and when Redis came back empty', async () => {
    await root.call('ACL', 'DELUSER', 'plugmesh_tides');
    await eventually(() => isOpenTo('tides'), { timeoutMs: 10_000 });
    const patient = as('tides');
    await patient.ping();
    await server.kill();
    await server.resume({ empty: true });
    await eventually(() => patient.set('tides:1', 'x'), { timeoutMs: 10_000 });
    await eventually(() => patient.call('FCALL', 'plugmesh_publish', '1', KEY, 'rise', '{}'));
  });

  it('are open to everybody where Redis asks for no password, which is said', async () => {
    await root.call('ACL', 'SETUSER', 'default', 'nopass');
    await eventually(async () => (await rights()).plugins === 'open', { timeoutMs: 10_000 });
    assert.match((await rights()).reason ?? '', /without a password/);
    await root.call('ACL', 'SETUSER', 'default', 'resetpass', '>of-the-mesh');
    await eventually(async () => (await rights()).plugins === 'own', { timeoutMs: 10_000 });
  });

  it('are not there where Redis makes none: plugins are given the user of the mesh, which is said', async () => {
    await mesh.stop();
    await root.call('ACL', 'SETUSER', 'tenant', 'on', '>of-a-tenant', '~*', '&*', '+@all', '-acl');
    const url = server.url.replace(':of-the-mesh', 'tenant:of-a-tenant');
    await configure(url);
    mesh = await start();
    await eventually(async () => (await rights()).plugins === 'shared');
    assert.match((await rights()).reason ?? '', /NOPERM/);
    const config = loadConfig({ file: join(folder, 'plugmesh.toml'), env: { PLUGMESH_SECRET: NEW } });
    assert.equal(redisUrlOfPlugin(config, readPorts(config), 'tides'), url);
    assert.match(mesh.output, /Redis does not keep plugins apart/);
    await root.call('ACL', 'SETUSER', 'tenant', '+acl');
    await eventually(async () => (await rights()).plugins === 'own', { timeoutMs: 10_000 });
    assert.match(redisUrlOfPlugin(config, readPorts(config), 'tides'), /plugmesh_tides:/);
    await assert.rejects(readFile(join(config.stateDir, 'redis-users.json')));
  });
});
