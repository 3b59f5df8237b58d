import assert from 'node:assert/strict';
import { identityJwks, loadSecrets, pluginToken } from '@plugmesh/shared/identity';
import { rawRequest, type RawAnswer } from '../support/raw-request.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';

describe('who is behind a request', () => {
  let upstream: RecordingUpstream;
  let gateway: TestGateway;

  before(async () => {
    upstream = await RecordingUpstream.start();
    const urls = [upstream.url];
    gateway = await TestGateway.start({ plugins: ['ships', 'weather'].map((id) => ({ id, urls })) });
  });
  after(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const get = (path: string, ...headers: string[]): Promise<RawAnswer> =>
    rawRequest(gateway.port, [`GET ${path} HTTP/1.1`, 'Host: mesh.test', ...headers, '', ''].join('\r\n'));
  const bearer = (id: string): string =>
    `Authorization: Bearer ${pluginToken(loadSecrets(gateway.config), id)}`;

  for (const [how, headers] of [
    ['under its own name', ['X-Plugmesh-User: root', 'X-Plugmesh-Roles: admin', 'X-Plugmesh-Identity: x']],
    ['with other letters', ['x-PLUGMESH-user: root', 'X-plugmesh-plugin: ships']],
    ['with other separators', ['X_Plugmesh_User: root', 'X.Plugmesh.User: root', 'X-Plugmesh_Roles: admin']],
    ['twice', ['X-Plugmesh-User: root', 'X-Plugmesh-User: root', 'X_Plugmesh_User: root']],
    ['via Connection', ['Connection: X-Plugmesh-User, X-Plugmesh-Identity', 'X-Plugmesh-User: root']],
    ['behind Connection', ['Connection: close, x_plugmesh_user', 'X_Plugmesh_User: root']],
  ] as const) {
    it(`is not what a client says ${how}`, async () => {
      assert.equal((await get('/api/ships/', ...headers)).status, 200);
      const names = upstream.last.headers.map(([name]) => name.toLowerCase().replace(/[^a-z]/g, '-'));
      assert.deepEqual(
        names.filter((name) => name.startsWith('x-plugmesh')),
        [],
      );
    });
  }

  it('can be verified with the keys at /.well-known/jwks.json', async () => {
    const response = await fetch(`${gateway.url}/.well-known/jwks.json`);
    assert.equal(response.headers.get('content-type'), 'application/jwk-set+json');
    assert.deepEqual(await response.json(), identityJwks(loadSecrets(gateway.config)));
    const posted = await fetch(`${gateway.url}/.well-known/jwks.json`, { method: 'POST' });
    assert.equal(posted.status, 405);
  });

  it('may be a plugin that was asked by another one, but never in a circle', async () => {
    await get('/api/ships/');
    const via = `Via: ${upstream.header('via').join()}`;
    assert.equal((await get('/api/weather/', via)).status, 508);
    assert.equal((await get('/api/weather/', via, bearer('ships'))).status, 200);
    const further = `Via: ${upstream.header('via').join()}`;
    assert.equal(further, 'Via: 1.1 plugmesh (ships), 1.1 plugmesh (weather)');
    for (const path of ['/api/ships/', '/api/weather/'])
      assert.equal((await get(path, further, bearer('weather'))).status, 508, path);
  });
});
