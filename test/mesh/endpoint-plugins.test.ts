import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@plugmesh/shared/testing';
import { skipped } from './support/describe-with.ts';
import { buildDevpi, DevpiServer } from './support/devpi-server.ts';
import { build } from './support/languages.ts';
import { TestMesh } from './support/test-mesh.ts';

const ROOT = join(import.meta.dirname, '../..');
const SOON = { timeoutMs: 30_000 };
/** The first run on a machine installs what is in Python. */
const BUILD_TIMEOUT_MS = 10 * 60_000;

type Json = Record<string, unknown>;

/** An answer, its body as JSON. */
interface Answer {
  readonly status: number;
  readonly body: Json;
}

/** What an endpoint of the fixture's type answers: it knows one word. */
const harbour = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => {
    const isOpen = request.method === 'HEAD' || request.url?.startsWith('/api/version') === true;
    const isKnown = text.includes('mellon') || request.headers['x-word'] === 'mellon';
    response.writeHead(isOpen || isKnown ? 200 : 401).end('{"version":"1.2"}');
  });
});

describe('types of endpoints in a mesh', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let devpi: DevpiServer;
  let headers: Readonly<Record<string, string>>;
  const cleanUps: (() => unknown)[] = [];

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS);
    const [packages, server] = [await build({ id: 'packages' }), await buildDevpi()];
    for (const each of [packages, server])
      if (each.state === 'skipped') skipped(this, 'types of endpoints', each.reason);
    if (packages.state === 'skipped' || server.state === 'skipped') return;
    devpi = await DevpiServer.start(server.folder);
    cleanUps.push(() => devpi.stop());
    await once(harbour.listen(0, '127.0.0.1'), 'listening');
    cleanUps.push(() => harbour.close().closeAllConnections());
    const folders = {
      accounts: join(ROOT, 'services/accounts'),
      endpoints: join(ROOT, 'services/endpoints'),
      harbour: join(ROOT, 'shared/test/integration/fixtures/harbour'),
      packages: packages.folder,
    };
    const sections = Object.entries(folders).map(([id, folder]) => `[plugins.${id}]\nfolder = "${folder}"\n`);
    const networks = '[plugins.endpoints.config]\nallowed_networks = ["loopback"]\n';
    mesh = await TestMesh.create({ toml: sections.join('') + networks });
    cleanUps.push(() => mesh.remove());
    await mesh.up();
    for (const id of Object.keys(folders)) await mesh.untilState(id, 'ready', 60_000);
    headers = await administrator();
    await eventually(() => areAvailable('devpi', 'harbour'), SOON);
  });
  after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  });

  /** The headers of somebody who may do everything. */
  const administrator = async (): Promise<Readonly<Record<string, string>>> => {
    await mesh.command('user', 'create', 'root', '--role', 'admin');
    const guards = ['key', 'session', 'admin'].flatMap((guard) => ['--guard', guard]);
    const { stdout } = await mesh.run(['key', 'create', 'root', ...guards, '--json']);
    return { 'x-api-key': (JSON.parse(stdout) as { key: string }).key };
  };
  const ask = async (method: string, path: string, body?: Json): Promise<Answer> => {
    const response = await fetch(`${mesh.origin}/api/${path}`, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Json };
  };
  const areAvailable = async (...names: readonly string[]): Promise<boolean> => {
    const { types } = (await ask('GET', 'endpoints/v1/types')).body as { types?: Json[] };
    return names.every((name) => types?.some(({ type, available }) => type === name && available === true));
  };
  const register = (type: string, url: string): Promise<Answer> =>
    ask('POST', 'endpoints/v1/endpoints', { type, name: `our ${type}`, url });
  const connect = (guid: unknown, kind: string, credentials: Json): Promise<Answer> =>
    ask('POST', `endpoints/v1/endpoints/${String(guid)}/connection`, { kind, credentials });
  const harbourUrl = (): string => `http://127.0.0.1:${(harbour.address() as AddressInfo).port}`;

  it('in Python: a devpi server is known, logged in to, and called with that login', async () => {
    const { status, body } = await register('devpi', devpi.url);
    assert.equal(status, 201, JSON.stringify(body));
    const { devpi: known } = body['metadata'] as Record<string, Json>;
    assert.equal(known?.['indexes'], 1);

    const refused = await connect(body['guid'], 'login', { user: 'root', password: 'guessed' });
    assert.deepEqual([refused.status, refused.body['code']], [400, 'MESH_ENDPOINT_CREDENTIALS']);
    assert.equal(refused.body['detail'], 'user or password is wrong');

    const password = devpi.rootPassword;
    const connected = await connect(body['guid'], 'login', { user: 'root', password });
    assert.equal(connected.status, 201, JSON.stringify(connected.body));
    assert.deepEqual([connected.body['user'], connected.body['admin']], ['root', true]);
    assert.ok(Number(connected.body['expiresAt']) > Date.now());
    assert.doesNotMatch(JSON.stringify(connected.body), /token|X-Devpi/i);

    const proxied = await ask('GET', `endpoints/v1/proxy/${String(body['guid'])}/+api`);
    assert.deepEqual((proxied.body['result'] as Json)['authstatus'], ['ok', 'root', []]);
  });

  it('with the SDK: hooks decide, and hear what has become of their endpoints', async () => {
    const { status, body } = await register('harbour', harbourUrl());
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body['name'], 'OUR HARBOUR');
    const { harbour: known } = body['metadata'] as Record<string, Json>;
    assert.deepEqual(known, { version: '1.2', askedBy: 'root' });

    const refused = await connect(body['guid'], 'captain', { name: 'root', word: 'friend' });
    assert.equal(refused.body['detail'], 'that is not the word');
    const connected = await connect(body['guid'], 'captain', { name: 'root', word: 'mellon' });
    assert.equal(connected.status, 201, JSON.stringify(connected.body));

    const { endpoints } = (await ask('GET', 'endpoints/v1/endpoints')).body as { endpoints: Json[] };
    for (const { metadata, connection } of endpoints) {
      const said = (metadata as Record<string, Json>)['harbour'];
      assert.deepEqual([said?.['connected'], said?.['for']], [connection !== null, 'root']);
    }
    const heard = async (): Promise<boolean> => {
      const lines = (await ask('GET', 'harbour/heard')).body as unknown as string[];
      return lines.map((line) => line.split(' ')[1]).join() === 'registered,connected';
    };
    await eventually(heard, SOON);
  });

  it('say of what is not of their type why, and nobody asks them but `endpoints`', async () => {
    const { status, body } = await register('devpi', `${harbourUrl()}/below`);
    assert.deepEqual([status, body['code']], [422, 'MESH_ENDPOINT_INVALID']);
    assert.match(String(body['detail']), /no devpi server answers there/);
    for (const plugin of ['packages', 'harbour'])
      assert.equal((await ask('POST', `${plugin}/endpoint/info`, {})).status, 403, plugin);
  });
});
