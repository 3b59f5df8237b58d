import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort, startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { ANONYMOUS } from '@plugmesh/shared/identity';
import { skipped } from './support/describe-with.ts';
import { build } from './support/languages.ts';
import { buildDevpi, DevpiServer } from './support/devpi-server.ts';
import { Endpoints, TOKEN, type Callout } from './support/played-endpoints.ts';

/** The first run on a machine installs both. */
const BUILD_TIMEOUT_MS = 10 * 60_000;
const GUID = '0b9c2b1e-0000-4000-8000-000000000000';
const ADA = { user: 'ada', password: 'ada’s own' };

type Json = Record<string, unknown>;

describe('packages, with a real devpi server', function () {
  this.timeout(60_000);
  let devpi: DevpiServer;
  let folder: string;
  let plugin: RunningProcess;
  let pluginUrl: string;
  const endpoints = new Endpoints(() => pluginUrl);
  const cleanUps: (() => unknown)[] = [];

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS);
    const [built, server] = [await build({ id: 'packages' }), await buildDevpi()];
    for (const each of [built, server]) if (each.state === 'skipped') skipped(this, 'packages', each.reason);
    if (built.state === 'skipped' || server.state === 'skipped') return;
    folder = built.folder;
    await endpoints.start();
    cleanUps.push(() => endpoints.stop());
    devpi = await DevpiServer.start(server.folder);
    cleanUps.push(() => devpi.stop());
    await devpi.addUser(ADA.user, ADA.password);
    const port = await freePort();
    pluginUrl = `http://127.0.0.1:${port}`;
    plugin = await startProcess(built.manifest.run, {
      cwd: folder,
      env: {
        PORT: String(port),
        PLUGMESH_URL: endpoints.url,
        PLUGMESH_TOKEN: TOKEN,
        PLUGMESH_PLUGIN: 'packages',
      },
      ready: async () => (await fetch(`${pluginUrl}/healthz`)).ok,
      timeoutMs: 20_000,
    });
    cleanUps.push(() => plugin.stop());
  });
  after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  });

  const endpoint = (): Json => ({
    ...{ guid: GUID, name: 'ours', type: 'devpi', subType: null, url: devpi.url, owner: null, metadata: {} },
  });
  const ask = (hook: string, callout: Omit<Callout, 'hook'> = {}) =>
    endpoints.ask({ hook, url: devpi.url, ...callout, body: { endpoint: endpoint(), ...callout.body } });
  const connect = (credentials: Json) => ask('connect', { body: { connectType: 'login', credentials } });
  const headersOf = ({ token }: Json): Record<string, string> =>
    (token as { headers: Record<string, string> }).headers;

  it('passes its own tests', async () => {
    const tests = ['-m', 'unittest', 'discover', '-s', 'test/unit'];
    const running = await startProcess([join(folder, '.venv/bin/python'), ...tests], { cwd: folder });
    assert.equal((await running.exited).code, 0, running.output);
    assert.match(running.output, /Ran [1-9]\d* tests/);
  });

  it('knows a devpi server, its version and how many indexes it has', async () => {
    const { status, body } = await ask('info');
    assert.equal(status, 200, JSON.stringify(body));
    const { version, features, indexes } = body['metadata'] as Json;
    assert.match(String(version), /^6\./);
    assert.ok(Array.isArray(features));
    assert.equal(indexes, 1);
  });

  it('refuses what is no devpi server, and says so of one that is away', async () => {
    const other = createServer((_request, response) => response.end('{"type":"apiconfig"}'));
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { status, body } = await ask('info', { url });
    other.close();
    assert.deepEqual([status, body['code']], [422, 'MESH_ENDPOINT_INVALID']);
    const away = await ask('info', { url: `http://127.0.0.1:${await freePort()}` });
    assert.deepEqual([away.status, away.body['code']], [502, 'MESH_ENDPOINT_UNREACHABLE']);
  });

  it('logs in, and makes a token that the server accepts until it ends', async () => {
    const { status, body } = await connect(ADA);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual([body['user'], body['admin']], ['ada', false]);
    const { expiresAt } = body['token'] as { expiresAt: number };
    assert.ok(expiresAt > Date.now() + 3_600_000 && Number.isInteger(expiresAt), String(expiresAt));
    const headers = headersOf(body);
    const made = await fetch(`${devpi.url}/ada/dev`, { method: 'PUT', headers, body: '{}' });
    assert.equal(made.status, 200, await made.text());
    const foreign = await fetch(`${devpi.url}/root/dev`, { method: 'PUT', headers, body: '{}' });
    assert.equal(foreign.status, 403);
  });

  it('knows the administrator', async () => {
    const { body } = await connect({ user: 'root', password: devpi.rootPassword });
    assert.deepEqual([body['user'], body['admin']], ['root', true]);
  });

  it('refuses a wrong password and an unknown user in the same words', async () => {
    const refused = [
      await connect({ ...ADA, password: 'guessed' }),
      await connect({ user: 'nobody', password: 'guessed' }),
    ];
    const detail = 'user or password is wrong';
    const expected = { status: 400, body: { status: 400, code: 'MESH_ENDPOINT_CREDENTIALS', detail } };
    assert.deepEqual(refused, [expected, expected]);
  });

  it('takes a login as valid that the server does, and no other', async () => {
    const { body } = await connect(ADA);
    const headers = headersOf(body);
    assert.deepEqual(await ask('validate', { headers }), { status: 200, body: {} });
    const forged = { 'X-Devpi-Auth': Buffer.from('ada:["ada",[],true].AAAA.BBBB').toString('base64') };
    for (const wrong of [{}, forged]) {
      const refused = await ask('validate', { headers: wrong });
      assert.deepEqual([refused.status, refused.body['code']], [400, 'MESH_ENDPOINT_CREDENTIALS']);
    }
  });

  it('tells a user how many indexes they had to see, and nothing of endpoints of other types', async () => {
    const headers = headersOf((await connect(ADA)).body);
    const before = await fetch(`${devpi.url}/ada/later`, { method: 'PUT', headers, body: '{}' });
    assert.equal(before.status, 200);
    await ask('validate', { headers });
    const listing = (await (await fetch(devpi.url, { headers: { accept: 'application/json' } })).json()) as {
      result: Record<string, { indexes: object }>;
    };
    const count = Object.values(listing.result).flatMap(({ indexes }) => Object.keys(indexes)).length;
    const seen = [endpoint(), { ...endpoint(), guid: 'another', type: 'metrics' }];
    const update = (id: string) =>
      ask('update-metadata', {
        body: {
          endpoints: seen.map((each) => ({ ...each, connected: true })),
          user: { id, name: id, admin: false },
        },
      });
    assert.deepEqual((await update('u-ada')).body, { [GUID]: { indexes: count } });
    assert.deepEqual((await update('u-bob')).body, {});
  });

  for (const [who, as, status] of [
    ['nobody', ANONYMOUS, 401],
    ['a user', { kind: 'user', id: 'ada', name: 'Ada', roles: ['admin'], guards: ['admin'] }, 403],
    ['another plugin', { kind: 'plugin', id: 'pirate' }, 403],
  ] as const) {
    it(`answers no callout of ${who}`, async () => {
      for (const hook of ['info', 'connect', 'validate', 'update-metadata'])
        assert.equal((await ask(hook, { as })).status, status, hook);
    });
  }
});
