import assert from 'node:assert/strict';
import {
  identityJwks,
  loadSecrets,
  pluginToken,
  verifyIdentityToken,
  type Identity,
} from '@plugmesh/shared/identity';
import { RedisServer } from '@plugmesh/shared/testing';
import { createRemoteJWKSet } from 'jose';
import supertest from 'supertest';
import { AccessDesk } from '../support/access-desk.ts';
import { rawRequest, type RawAnswer } from '../support/raw-request.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';

describe('who is behind a request', () => {
  let upstream: RecordingUpstream;
  let redis: RedisServer;
  let desk: AccessDesk;
  let gateway: TestGateway;

  before(async () => {
    redis = await RedisServer.start();
    desk = new AccessDesk(redis.url);
    upstream = await RecordingUpstream.start();
    await desk.open();
    const urls = [upstream.url];
    const routes = [{ path: '/for-weather', guard: 'admin', plugins: ['weather'] }] as const;
    gateway = await TestGateway.start({
      redisUrl: redis.url,
      services: { control: { url: upstream.url }, channel: { url: upstream.url } },
      gateway: { apiKey: 'the-key-of-the-gateway' },
      plugins: [
        { id: 'ships', urls, http: { guard: 'public', routes } },
        { id: 'weather', urls },
        { id: 'closed', urls, http: { guard: 'session' } },
      ],
    });
  });
  after(async () => {
    await gateway.stop();
    await desk.close();
    await Promise.all([upstream.stop(), redis.stop()]);
  });

  const raw = (path: string, ...headers: string[]): Promise<RawAnswer> =>
    rawRequest(
      gateway.port,
      [`GET ${path} HTTP/1.1`, 'Host: mesh.test', ...headers, '', ''].join('\r\n'),
      50,
    );
  const send = async (path: string, headers: Record<string, string>): Promise<number> =>
    (await supertest(gateway.url).get(path).set(headers)).status;
  const bearer = (id: string): string => `Bearer ${pluginToken(loadSecrets(gateway.config), id)}`;

  /** What the last instance was told, and the token verified as a plugin would do it. */
  const told = async (audience: string): Promise<{ plain: Record<string, string>; identity: Identity }> => {
    const ours = upstream.last.headers.filter(([name]) => /^x.plugmesh/i.test(name));
    const { 'x-plugmesh-identity': token = '', ...plain } = Object.fromEntries(ours);
    assert.equal(ours.length, Object.keys(plain).length + 1, 'no header comes twice');
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', gateway.url));
    return { plain, identity: await verifyIdentityToken(token, audience, keys) };
  };

  it('is told for a session: a user, the roles, and a token for this plugin', async () => {
    const { cookie, hash } = await desk.login({ user: 'ü1', roles: ['admin', 'pilot'] });
    assert.equal(await send('/api/closed/', { Cookie: cookie, 'X-Plugmesh-User': 'root' }), 200);
    const { plain, identity } = await told('closed');
    assert.deepEqual(plain, { 'x-plugmesh-user': '%C3%BC1', 'x-plugmesh-roles': 'admin,pilot' });
    const guards = ['key', 'session', 'admin'] as const;
    const user = { kind: 'user', id: 'ü1', name: 'Ada', roles: ['admin', 'pilot'], guards, session: hash };
    assert.deepEqual(identity, user);
    assert.ok(!JSON.stringify(upstream.last).includes(cookie));
  });

  it('is told for an API key, with no more than the key opens', async () => {
    const { key, prefix } = await desk.key({ roles: ['admin', 'pilot'], guards: ['key'] });
    await send('/api/ships/', { 'X-API-Key': key });
    const { plain, identity } = await told('ships');
    assert.equal(plain['x-plugmesh-roles'], 'pilot');
    const user = { kind: 'user', id: 'u1', name: 'Ada', roles: ['pilot'], guards: ['key'], key: prefix };
    assert.deepEqual(identity, user);
  });

  it('is told for a key of the configuration, which is no user', async () => {
    await send('/api/ships/', { 'X-API-Key': 'the-key-of-the-gateway' });
    assert.deepEqual(await told('ships'), { plain: {}, identity: { kind: 'key', id: 'gateway' } });
  });

  it('is told with a body, too, and to the mesh’s own services', async () => {
    const { cookie } = await desk.login();
    const own = { Cookie: cookie, 'Sec-Fetch-Site': 'same-origin' };
    await supertest(gateway.url).post('/api/ships/').set(own).send({ a: 1 }).expect(200);
    assert.equal((await told('ships')).identity.kind, 'user');
    for (const [path, audience] of [
      ['/socket/longpoll', 'channel'],
      ['/mesh/plugins', 'mesh'],
    ] as const) {
      await send(path, { Cookie: cookie });
      assert.equal((await told(audience)).plain['x-plugmesh-user'], 'u1', path);
    }
  });

  it('changes with the roles, and ends with the session', async () => {
    const first = await desk.login({ user: 'u2', roles: ['pilot'] });
    await send('/api/ships/', { Cookie: first.cookie });
    assert.equal((await told('ships')).plain['x-plugmesh-roles'], 'pilot');
    const second = await desk.login({ user: 'u2', roles: [] });
    await send('/api/ships/', { Cookie: second.cookie });
    assert.equal((await told('ships')).plain['x-plugmesh-roles'], '');
    assert.equal(await send('/api/ships/', { Cookie: 'plugmesh-session=nobody' }), 200);
    assert.deepEqual(upstream.header('x-plugmesh-identity'), []);
  });

  for (const [how, headers] of [
    ['under its own name', ['X-Plugmesh-User: root', 'X-Plugmesh-Roles: admin', 'X-Plugmesh-Identity: x']],
    ['with other letters', ['x-PLUGMESH-user: root', 'X-plugmesh-plugin: ships']],
    ['with other separators', ['X_Plugmesh_User: root', 'X.Plugmesh.User: root', 'X-Plugmesh_Roles: admin']],
    ['twice', ['X-Plugmesh-User: root', 'X-Plugmesh-User: root', 'X_Plugmesh_User: root']],
    ['via Connection', ['Connection: X-Plugmesh-User, X-Plugmesh-Identity', 'X-Plugmesh-User: root']],
    ['behind Connection', ['Connection: close, x_plugmesh_user', 'X_Plugmesh_User: root']],
  ] as const) {
    it(`is not what a client says ${how}`, async () => {
      const ours = (): string[] =>
        upstream.last.headers
          .filter(([name]) => /^x.plugmesh/i.test(name))
          .map(([name, value]) => (name === 'x-plugmesh-identity' ? name : `${name}: ${value}`));
      assert.equal((await raw('/api/ships/', ...headers)).status, 200);
      assert.deepEqual(ours(), []);
      const { cookie } = await desk.login();
      assert.equal((await raw('/api/closed/', ...headers, `Cookie: ${cookie}`)).status, 200);
      assert.deepEqual(ours().sort(), ['x-plugmesh-identity', 'x-plugmesh-roles: ', 'x-plugmesh-user: u1']);
    });
  }

  it('can be verified with the keys at /.well-known/jwks.json', async () => {
    const response = await fetch(`${gateway.url}/.well-known/jwks.json`);
    assert.equal(response.headers.get('content-type'), 'application/jwk-set+json');
    assert.deepEqual(await response.json(), identityJwks(loadSecrets(gateway.config)));
    const posted = await fetch(`${gateway.url}/.well-known/jwks.json`, { method: 'POST' });
    assert.equal(posted.status, 405);
  });

  describe('when a plugin calls another one', () => {
    it('is the plugin, on routes that name it', async () => {
      const headers = { Authorization: bearer('weather'), 'X-Plugmesh-User': 'root' };
      assert.equal(await send('/api/ships/for-weather', headers), 200);
      const identity = { kind: 'plugin', id: 'weather' };
      assert.deepEqual(await told('ships'), { plain: { 'x-plugmesh-plugin': 'weather' }, identity });
      assert.deepEqual(upstream.header('authorization'), []);
      assert.equal(await send('/api/ships/for-weather', { Authorization: bearer('clock') }), 403);
      assert.equal(await send('/api/closed/', headers), 403);
    });

    it('is also the user whose token the plugin was given', async () => {
      const { cookie } = await desk.login({ roles: ['pilot'] });
      await send('/api/weather/', { Cookie: cookie });
      const [token = ''] = upstream.header('x-plugmesh-identity');
      const call = { Authorization: bearer('weather'), 'X-Plugmesh-Identity': token };
      assert.equal(await send('/api/ships/for-weather', call), 200);
      const { plain, identity } = await told('ships');
      assert.deepEqual(plain, {
        'x-plugmesh-plugin': 'weather',
        'x-plugmesh-user': 'u1',
        'x-plugmesh-roles': 'pilot',
      });
      assert.ok(identity.kind === 'plugin' && identity.actingFor?.id === 'u1');
    });

    it('is nobody’s by a token that another plugin was given', async () => {
      const { cookie } = await desk.login();
      await send('/api/ships/', { Cookie: cookie });
      const [token = ''] = upstream.header('x-plugmesh-identity');
      const before = upstream.requests.length;
      for (const stolen of [token, `${token}, ${token}`, 'nonsense']) {
        const call = { Authorization: bearer('weather'), 'X-Plugmesh-Identity': stolen };
        assert.equal(await send('/api/ships/for-weather', call), 401);
      }
      assert.equal(upstream.requests.length, before);
      // A client is not believed either: without a plugin's token it is left out.
      assert.equal(await send('/api/ships/', { 'X-Plugmesh-Identity': token }), 200);
      assert.deepEqual(upstream.header('x-plugmesh-identity'), []);
    });

    it('may go on from plugin to plugin, but never in a circle', async () => {
      await raw('/api/ships/');
      const via = upstream.header('via').join();
      assert.equal((await raw('/api/weather/', `Via: ${via}`)).status, 508);
      assert.equal(await send('/api/weather/', { Via: via, Authorization: bearer('ships') }), 200);
      const further = upstream.header('via').join();
      assert.equal(further, '1.1 plugmesh (ships), 1.1 plugmesh (weather)');
      for (const path of ['/api/ships/', '/api/weather/'])
        assert.equal(await send(path, { Via: further, Authorization: bearer('weather') }), 508, path);
    });
  });
});
