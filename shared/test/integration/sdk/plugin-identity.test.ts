import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { IdentityTokens, loadSecrets, type UserIdentity } from '../../../src/identity/index.ts';
import { eventually, freePort, startProcess, type RunningProcess } from '../../../src/testing/index.ts';

const tokensOf = (...secrets: string[]): IdentityTokens =>
  new IdentityTokens(loadSecrets({ secrets, stateDir: 'unused' }));
const OLD = 'the secret of last year, long enough';
const NEW = 'the secret of this year, long enough';

const ANN: UserIdentity = {
  kind: 'user',
  id: 'ann',
  name: 'Ann',
  roles: ['pilot'],
  guards: ['key', 'session'],
  session: 'h'.repeat(43),
};

describe('a plugin and the identity of its callers', () => {
  let keys = tokensOf(OLD);
  const asked: { path: string; headers: IncomingHttpHeaders }[] = [];
  /** Publishes keys as the gateway does, and says what it was asked. */
  const mesh = createServer((req, res) => {
    if (req.url === '/.well-known/jwks.json') {
      res.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify(keys.jwks));
      return;
    }
    asked.push({ path: req.url ?? '', headers: req.headers });
    res.writeHead(418).end('ships said this');
  });
  let url: string;
  let plugin: RunningProcess;

  before(async () => {
    await once(mesh.listen(0, '127.0.0.1'), 'listening');
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const meshUrl = `http://127.0.0.1:${(mesh.address() as AddressInfo).port}`;
    plugin = await startProcess(['node', 'src/main.ts'], {
      cwd: join(import.meta.dirname, '../fixtures/greeter'),
      env: { PORT: String(port), PLUGMESH_URL: meshUrl, PLUGMESH_TOKEN: 'greeter.token' },
      ready: /has started/,
    });
  });
  after(async () => {
    await plugin.stop();
    mesh.close();
    mesh.closeAllConnections();
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url + path, { headers });
  const whoami = (token: string): Promise<Response> => get('/whoami', { 'x-plugmesh-identity': token });

  it('is nobody’s without a token', async () => {
    assert.deepEqual(await (await get('/whoami')).json(), { kind: 'anonymous' });
  });

  it('is verified with the keys that the gateway publishes', async () => {
    const response = await whoami(await keys.sign(ANN, 'greeter'));
    assert.deepEqual(await response.json(), ANN);
  });

  it('is refused when the token is for another plugin, forged or broken', async () => {
    const forged = await tokensOf('somebody else’s secret').sign(ANN, 'greeter');
    for (const token of [await keys.sign(ANN, 'ships'), forged, 'nonsense']) {
      const response = await whoami(token);
      const { code } = (await response.json()) as { code: string };
      assert.deepEqual([response.status, code], [401, 'MESH_UNAUTHORIZED']);
    }
  });

  it('goes on without a restart when the mesh signs with another secret', async () => {
    await whoami(await keys.sign(ANN, 'greeter'));
    const older = await keys.sign(ANN, 'greeter');
    keys = tokensOf(NEW, OLD);
    // The keys were fetched a moment ago, for a forged token: they are not fetched again within a second.
    await eventually(async () => (await whoami(await keys.sign(ANN, 'greeter'))).ok);
    assert.equal((await whoami(older)).status, 200);
  });

  it('is passed on with a call to another plugin, and what else belongs to the request', async () => {
    const passedOn = {
      'x-plugmesh-identity': await keys.sign(ANN, 'greeter'),
      via: '1.1 plugmesh (greeter)',
      'x-request-id': 'r-1',
    };
    const response = await get('/ask?path=/v1/near%3Fx=1', { ...passedOn, authorization: 'Bearer mine' });
    assert.deepEqual([response.status, await response.text()], [418, 'ships said this']);
    const { path, headers } = asked.at(-1)!;
    assert.equal(path, '/api/ships/v1/near?x=1');
    assert.deepEqual({ ...headers, ...passedOn }, headers);
    assert.deepEqual([headers.authorization, headers['x-a']], ['Bearer greeter.token', '1']);
  });

  it('goes with a call to the plugin that is named, and nowhere else', async () => {
    const before = asked.length;
    for (const path of ['../../mesh/registry', '/../weather/', '%2e%2e/weather'])
      assert.equal((await get(`/ask?path=${encodeURIComponent(path)}`)).status, 400, path);
    assert.equal(asked.length, before);
    await get('/ask?path=//evil.test/x');
    assert.equal(asked.at(-1)?.path, '/api/ships/evil.test/x');
  });
});
