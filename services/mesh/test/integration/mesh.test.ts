import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@plugmesh/shared/config';
import {
  IdentityTokens,
  loadSecrets,
  operatorToken,
  pluginToken,
  type KnownIdentity,
  type Secrets,
  type UserIdentity,
} from '@plugmesh/shared/identity';
import { type MeshDocument, parseMeshDocument } from '@plugmesh/shared/mesh-document';
import { LEASE_KEY, MESH_KEY, MESH_NOTICE } from '@plugmesh/shared/protocol';
import {
  eventually,
  freePort,
  RedisServer,
  type RunningProcess,
  startProcess,
} from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

interface Plugin {
  readonly id: string;
  readonly state: string;
  readonly instances: readonly { id: string; url: string; state: string }[];
}

describe('the control process', () => {
  let redisServer: RedisServer;
  let redis: Redis;
  let folder: string;
  let file: string;
  let origin: string;
  let mesh: RunningProcess;
  let upstream: Server;
  let upstreamUrl: string;
  let secrets: Secrets;

  const start = async (env: Record<string, string> = {}): Promise<RunningProcess> =>
    startProcess(['node', MAIN], { env: { PLUGMESH_FILE: file, ...env }, ready: /mesh has started/ });

  const document = async (): Promise<MeshDocument> => parseMeshDocument((await redis.get(MESH_KEY)) ?? '');

  const plugins = async (): Promise<readonly Plugin[]> => {
    const response = await fetch(`${origin}/mesh/plugins`, { headers: bearer(operatorToken(secrets)) });
    return ((await response.json()) as { plugins: Plugin[] }).plugins;
  };

  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  const call = (method: string, path: string, token: string, body?: object): Promise<Response> =>
    fetch(`${origin}${path}`, {
      method,
      headers: { ...bearer(token), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  before(async () => {
    redisServer = await RedisServer.start();
    redis = new Redis(redisServer.url);
    redis.on('error', () => undefined);
    folder = await mkdtemp(join(tmpdir(), 'plugmesh-mesh-'));
    file = join(folder, 'plugmesh.toml');
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    await writeFile(file, `[core]\nredis_url = "${redisServer.url}"\n[mesh]\nport = ${port}\n`);
    upstream = createServer((_req, res) => void res.end('ok')).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    secrets = loadSecrets(loadConfig({ file, env: {} }));
    mesh = await start();
  });

  after(async () => {
    redis.disconnect();
    upstream.close();
    await mesh.stop();
    await redisServer.stop();
    await rm(folder, { recursive: true });
  });

  it('writes a document with the topics that are always there', async () => {
    const written = await eventually(document);
    assert.deepEqual(
      written.topics.map(({ pattern }) => pattern),
      ['system', 'admin', 'streaming-*', 'phoenix'],
    );
  });

  it('picks up two lines of TOML within a second, and announces the new version', async () => {
    const subscriber = new Redis(redisServer.url);
    await subscriber.subscribe(MESH_NOTICE);
    const notice = once(subscriber, 'message') as Promise<[string, string]>;
    const { version } = await document();
    await appendFile(file, `[plugins.ships]\nurl = "${upstreamUrl}"\nguard = "public"\n`);
    const written = performance.now();
    const [, announced] = await notice;
    assert.ok(Number(announced) > version);
    const ships = await eventually(async () => (await document()).plugins.find(({ id }) => id === 'ships'));
    assert.ok(
      performance.now() - written < 2000,
      'more than the promised second, and as much again for a busy machine',
    );
    assert.equal(ships.http.guard, 'public');
    await eventually(async () => (await plugins()).find(({ id }) => id === 'ships')?.state === 'ready');
    subscriber.disconnect();
  });

  it('goes on with the last configuration when the file is broken', async () => {
    const whole = await readFile(file, 'utf8');
    await writeFile(file, `${whole}[plugins.broken\n`);
    try {
      await eventually(() => mesh.output.includes('MESH_CONFIG_SYNTAX'));
      assert.ok((await document()).plugins.some(({ id }) => id === 'ships'));
    } finally {
      await writeFile(file, whole);
    }
  });

  it('takes a registration with the plugin’s own token, and its end', async () => {
    const path = '/mesh/registry/boats/one';
    const token = pluginToken(secrets, 'boats');
    const answer = await call('PUT', path, token, { url: upstreamUrl });
    assert.equal(answer.status, 200);
    const boats = (await plugins()).find(({ id }) => id === 'boats');
    assert.equal(boats?.state, 'ready');
    assert.deepEqual(
      boats.instances.map(({ id, url }) => [id, url]),
      [['one', upstreamUrl]],
    );
    assert.equal((await call('DELETE', path, token)).status, 204);
    assert.ok(!(await plugins()).find(({ id }) => id === 'boats')?.instances.length);
  });

  for (const [what, status, code, body] of [
    ['an address outside of the instance networks', 403, 'MESH_FORBIDDEN', { url: 'http://93.184.216.34' }],
    ['no address', 400, 'MESH_BAD_REQUEST', {}],
    ['an address that is not HTTP', 400, 'MESH_BAD_REQUEST', { url: 'file:///etc/passwd' }],
    ['an unknown member', 400, 'MESH_BAD_REQUEST', { url: 'http://127.0.0.1:1', admin: true }],
    [
      'a looser guard than the default',
      403,
      'MESH_FORBIDDEN',
      { url: 'http://127.0.0.1:1', manifest: { name: 'boats', http: { guard: 'public' } } },
    ],
    [
      'a topic of somebody else',
      403,
      'MESH_FORBIDDEN',
      {
        url: 'http://127.0.0.1:1',
        manifest: { name: 'boats', topics: [{ pattern: 'ships:*', join: 'public', push: 'none' }] },
      },
    ],
    [
      'an endpoint type',
      403,
      'MESH_FORBIDDEN',
      {
        url: 'http://127.0.0.1:1',
        manifest: { name: 'boats', endpoints: [{ type: 'boats', connect: [{ kind: 'none' }] }] },
      },
    ],
    ['a broken manifest', 400, 'MESH_BAD_REQUEST', { url: 'http://127.0.0.1:1', manifest: { nam: 'boats' } }],
  ] as const) {
    it(`refuses a registration with ${what}`, async () => {
      const answer = await call('PUT', '/mesh/registry/boats/one', pluginToken(secrets, 'boats'), body);
      assert.equal(answer.status, status);
      assert.equal(((await answer.json()) as { code: string }).code, code);
    });
  }

  it('refuses a registration without a token, and with another plugin’s', async () => {
    const path = '/mesh/registry/boats/one';
    assert.equal((await call('PUT', path, 'nonsense', { url: upstreamUrl })).status, 401);
    assert.equal((await call('PUT', path, pluginToken(secrets, 'ships'), { url: upstreamUrl })).status, 403);
  });

  it('answers a body that is not JSON with a problem', async () => {
    const answer = await fetch(`${origin}/mesh/registry/boats/one`, {
      method: 'PUT',
      headers: { ...bearer(pluginToken(secrets, 'boats')), 'content-type': 'application/json' },
      body: '{"url":',
    });
    assert.equal(answer.status, 400);
    assert.equal(((await answer.json()) as { code: string }).code, 'MESH_BAD_REQUEST');
  });

  it('disables and enables for the operator alone, and remembers it', async () => {
    assert.equal(
      (await call('POST', '/mesh/plugins/ships/disable', pluginToken(secrets, 'ships'))).status,
      403,
    );
    assert.equal((await call('POST', '/mesh/plugins/nobody/disable', operatorToken(secrets))).status, 404);
    assert.equal((await call('POST', '/mesh/plugins/ships/disable', operatorToken(secrets))).status, 200);
    assert.equal((await document()).plugins.find(({ id }) => id === 'ships')?.enabled, false);
    await mesh.kill();
    mesh = await start();
    await eventually(
      async () => (await document()).plugins.find(({ id }) => id === 'ships')?.enabled === false,
    );
    assert.equal((await call('POST', '/mesh/plugins/ships/enable', operatorToken(secrets))).status, 200);
    await eventually(async () => (await plugins()).find(({ id }) => id === 'ships')?.state === 'ready', {
      timeoutMs: 15_000,
    });
  });

  describe('when users ask', () => {
    const user: UserIdentity = {
      ...{ kind: 'user', id: 'u1', name: 'Ada', roles: ['admin'], guards: ['key', 'session', 'admin'] },
      session: 'x',
    };
    const ask = async (identity: KnownIdentity, path: string, audience = 'mesh'): Promise<Response> => {
      const token = await new IdentityTokens(secrets).sign(identity, audience);
      const headers = { 'x-plugmesh-identity': token, 'x-request-id': `by-${identity.id}` };
      return fetch(`${origin}${path}`, { headers, method: path.endsWith('able') ? 'POST' : 'GET' });
    };

    it('lets administrators steer and see everything, and writes down who did what', async () => {
      assert.equal((await ask(user, '/mesh/plugins/ships/disable')).status, 200);
      assert.equal((await ask(user, '/mesh/plugins/ships/enable')).status, 200);
      assert.match(await (await ask(user, '/mesh/plugins')).text(), new RegExp(upstreamUrl));
      await eventually(() =>
        ['disable', 'enable'].every((action) =>
          mesh.output
            .split('\n')
            .some((line) =>
              [`"${action}"`, '"ships"', '"user:u1"', '"Ada"', '"by-u1"'].every((word) =>
                line.includes(word),
              ),
            ),
        ),
      );
    });

    it('refuses everybody else, and writes that down, too', async () => {
      const plain: UserIdentity = { ...user, id: 'u2', roles: [], guards: ['key', 'session'] };
      const byNarrowKey: UserIdentity = { ...plain, id: 'u3', roles: ['admin'], guards: ['key'], key: 'k' };
      const plugin = { kind: 'plugin', id: 'ships', actingFor: user } as const;
      for (const identity of [plain, byNarrowKey, plugin, { kind: 'key', id: 'gateway' } as const]) {
        assert.equal((await ask(identity, '/mesh/plugins/ships/disable')).status, 403);
        assert.ok(!(await (await ask(identity, '/mesh/plugins')).text()).includes(upstreamUrl));
      }
      assert.equal((await ask(user, '/mesh/plugins/ships/disable', 'ships')).status, 401);
      assert.equal((await fetch(`${origin}/mesh/plugins/ships/disable`, { method: 'POST' })).status, 401);
      await eventually(() => /who may not/.test(mesh.output) && mesh.output.includes('"user:u2"'));
      assert.equal((await document()).plugins.find(({ id }) => id === 'ships')?.enabled, true);
    });
  });

  it('keeps registered instances when it is killed and started again', async () => {
    const path = '/mesh/registry/boats/one';
    const token = pluginToken(secrets, 'boats');
    assert.equal((await call('PUT', path, token, { url: upstreamUrl })).status, 200);
    await mesh.kill();
    mesh = await start();
    const boats = (await plugins()).find(({ id }) => id === 'boats');
    assert.deepEqual(
      boats?.instances.map(({ url }) => url),
      [upstreamUrl],
    );
    assert.equal((await call('DELETE', path, token)).status, 204);
  });

  it('takes reports of gateways from the operator only', async () => {
    const path = '/mesh/gateways/one';
    const report = { instances: [] };
    assert.equal((await call('PUT', path, pluginToken(secrets, 'ships'), report)).status, 401);
    assert.equal((await call('PUT', path, operatorToken(secrets), { instances: 'all' })).status, 400);
    assert.equal((await call('PUT', path, operatorToken(secrets), report)).status, 204);
  });

  it('writes the document again after Redis came back empty', async () => {
    await eventually(async () => (await redis.get(MESH_KEY)) !== null);
    await redis.flushall();
    await redisServer.kill();
    await eventually(async () => (await fetch(`${origin}/readyz`)).status === 503);
    await redisServer.resume();
    await eventually(async () => (await redis.get(MESH_KEY)) !== null, { timeoutMs: 15_000 });
    assert.equal((await fetch(`${origin}/readyz`)).status, 200);
  });

  it('leaves the writing to one: a second process stands by and takes over', async () => {
    await eventually(async () => (await redis.get(LEASE_KEY)) !== null);
    const holder = await redis.get(LEASE_KEY);
    const second = await start({ PLUGMESH__MESH__PORT: String(await freePort()) });
    assert.equal(await redis.get(LEASE_KEY), holder);
    await mesh.stop();
    await eventually(async () => ![null, holder].includes(await redis.get(LEASE_KEY)));
    await second.stop();
    mesh = await start();
  });
});
