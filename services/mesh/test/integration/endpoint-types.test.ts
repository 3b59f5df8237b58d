import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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
} from '@plugmesh/shared/identity';
import {
  eventually,
  freePort,
  RedisServer,
  type RunningProcess,
  startProcess,
} from '@plugmesh/shared/testing';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const NONE = [{ kind: 'none' }];

interface Type {
  readonly type: string;
  readonly plugin: string;
  readonly available: boolean;
  readonly reason?: string;
}

describe('types of endpoints', () => {
  let redisServer: RedisServer;
  let folder: string;
  let origin: string;
  let mesh: RunningProcess;
  let upstream: Server;
  let upstreamUrl: string;
  let secrets: Secrets;

  const write = async (id: string, manifest: object): Promise<void> => {
    await mkdir(join(folder, 'services', id), { recursive: true });
    await writeFile(join(folder, 'services', id, 'plugin.json'), JSON.stringify({ name: id, ...manifest }));
  };
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    fetch(`${origin}${path}`, { method, headers });
  const steer = async (path: string, method = 'POST'): Promise<Response> =>
    ask(path, bearer(operatorToken(secrets)), method);
  const types = async (): Promise<readonly Type[]> => {
    const answer = await ask('/mesh/endpoint-types', bearer(pluginToken(secrets, 'endpoints')));
    return ((await answer.json()) as { types: Type[] }).types;
  };
  const typeOf = async (name: string): Promise<Type | undefined> =>
    (await types()).find(({ type }) => type === name);

  before(async () => {
    redisServer = await RedisServer.start();
    folder = await mkdtemp(join(tmpdir(), 'plugmesh-types-'));
    const file = join(folder, 'plugmesh.toml');
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    await writeFile(file, `[core]\nredis_url = "${redisServer.url}"\n[mesh]\nport = ${port}\n`);
    await write('forge', {
      title: 'The forge',
      endpoints: [{ type: 'forge', connect: [{ kind: 'token' }] }],
    });
    await write('gauge', { run: ['node'], endpoints: [{ type: 'gauge', connect: NONE, hooks: ['info'] }] });
    upstream = createServer((_req, res) => void res.end('ok')).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    secrets = loadSecrets(loadConfig({ file, env: {} }));
    mesh = await startProcess(['node', MAIN], { env: { PLUGMESH_FILE: file }, ready: /mesh has started/ });
  });
  after(async () => {
    upstream.close();
    await mesh.stop();
    await redisServer.stop();
    await rm(folder, { recursive: true });
  });

  it('are listed with everything that a dialog needs', async () => {
    assert.deepEqual(await typeOf('forge'), {
      plugin: 'forge',
      pluginTitle: 'The forge',
      type: 'forge',
      title: 'forge',
      subTypes: [],
      connect: [
        {
          kind: 'token',
          title: 'Token',
          header: 'Authorization',
          prefix: 'token ',
          fields: [{ name: 'token', title: 'Token', secret: true, required: true }],
        },
      ],
      hooks: [],
      available: true,
    });
  });

  it('are told to plugins and to whoever is in charge, and to nobody else', async () => {
    const user = { kind: 'user', id: 'u1', name: 'Ada', roles: [], guards: ['key', 'session'] } as const;
    const admin = { ...user, roles: ['admin'], guards: ['key', 'session', 'admin'] } as const;
    const statusFor = async (identity: KnownIdentity): Promise<number> => {
      const token = await new IdentityTokens(secrets).sign(identity, 'mesh');
      return (await ask('/mesh/endpoint-types', { 'x-plugmesh-identity': token })).status;
    };
    const plugin = { kind: 'plugin', id: 'endpoints' } as const;
    assert.deepEqual(
      await Promise.all([plugin, { ...plugin, actingFor: user }, admin, user].map(statusFor)),
      [200, 200, 200, 403],
    );
    assert.equal(await statusFor({ kind: 'key', id: 'gateway' }), 403);
    assert.equal((await steer('/mesh/endpoint-types', 'GET')).status, 200);
    assert.equal((await ask('/mesh/endpoint-types')).status, 401);
    assert.equal((await ask('/mesh/endpoint-types', bearer('endpoints.forged'))).status, 401);
  });

  it('are available while the plugin that answers their hooks is ready', async () => {
    const { available, reason } = (await typeOf('gauge')) ?? {};
    assert.deepEqual([available, reason], [false, "its plugin 'gauge' is stopped"]);
    const path = '/mesh/registry/gauge/one';
    const headers = { ...bearer(pluginToken(secrets, 'gauge')), 'content-type': 'application/json' };
    const body = JSON.stringify({ url: upstreamUrl });
    assert.equal((await fetch(`${origin}${path}`, { method: 'PUT', headers, body })).status, 200);
    await eventually(async () => (await typeOf('gauge'))?.available === true);
    assert.equal((await ask(path, bearer(pluginToken(secrets, 'gauge')), 'DELETE')).status, 204);
    await eventually(async () => (await typeOf('gauge'))?.available === false);
  });

  it('without code are always available, from a plugin that is ready and has nothing to reload', async () => {
    const plugins = async () =>
      ((await (await steer('/mesh/plugins', 'GET')).json()) as { plugins: Record<string, unknown>[] })
        .plugins;
    const forge = (await plugins()).find(({ id }) => id === 'forge');
    assert.deepEqual([forge?.['state'], forge?.['instances'], forge?.['reason']], ['ready', [], undefined]);
    const answer = await steer('/mesh/plugins/forge/reload');
    assert.equal(answer.status, 501);
    assert.match(((await answer.json()) as { detail: string }).detail, /'forge' has no code/);
  });

  it('stay listed when their plugin is disabled, and are available again when it is enabled', async () => {
    assert.equal((await steer('/mesh/plugins/forge/disable')).status, 200);
    const { available, reason } = (await typeOf('forge')) ?? {};
    assert.deepEqual([available, reason], [false, "its plugin 'forge' is disabled"]);
    const enabled = await steer('/mesh/plugins/forge/enable');
    assert.equal(((await enabled.json()) as { state: string }).state, 'ready');
    assert.equal((await typeOf('forge'))?.available, true);
  });

  it('come and go with manifests, without a restart; the first plugin keeps its own', async () => {
    await write('late', {
      endpoints: [
        { type: 'forge', connect: NONE },
        { type: 'late', connect: NONE },
      ],
    });
    await eventually(async () => (await typeOf('late'))?.reason === "its plugin 'late' is invalid");
    assert.equal((await typeOf('forge'))?.plugin, 'forge');
    assert.match(
      mesh.output,
      /MESH_MANIFEST_CLASH.*'late' claims endpoint type 'forge', which 'forge' already has/,
    );
    await rm(join(folder, 'services', 'forge'), { recursive: true });
    await eventually(async () => (await typeOf('forge'))?.plugin === 'late');
    assert.equal((await typeOf('late'))?.available, true);
  });
});
