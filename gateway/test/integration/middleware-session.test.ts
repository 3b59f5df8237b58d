import assert from 'node:assert/strict';
import { IdentityTokens, loadSecrets, operatorToken, pluginToken } from '@plugmesh/shared/identity';
import { RedisServer } from '@plugmesh/shared/testing';
import supertest from 'supertest';
import { AccessDesk } from '../support/access-desk.ts';
import { sketchRule, valuesOf, wireAnswer, type RuleSketch } from '../support/forward-auth.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';

describe('middleware of the phase session', () => {
  const plugin = new RecordingUpstream();
  const audit = new RecordingUpstream();
  let redis: RedisServer;
  let desk: AccessDesk;
  let gateway: TestGateway;
  let cookie: string;

  before(async () => {
    redis = await RedisServer.start();
    desk = new AccessDesk(redis.url);
    await Promise.all([plugin.listen(0), audit.listen(0), desk.open()]);
    gateway = await TestGateway.start({
      redisUrl: redis.url,
      services: { control: { url: plugin.url }, channel: { url: plugin.url } },
      plugins: [
        { id: 'closed', urls: [plugin.url], http: { guard: 'session' } },
        {
          id: 'mixed',
          urls: [plugin.url],
          http: { guard: 'session', routes: [{ path: '/open', guard: 'public' }] },
        },
        {
          id: 'friends',
          urls: [plugin.url],
          http: { guard: 'admin', routes: [{ path: '/for', guard: 'admin', plugins: ['mixed'] }] },
        },
        { id: 'audit', urls: [audit.url] },
      ],
    });
    ({ cookie } = await desk.login({ roles: ['editor'] }));
  });
  after(async () => {
    await gateway.stop();
    await desk.close();
    await Promise.all([plugin.stop(), audit.stop(), redis.stop()]);
  });
  beforeEach(() => {
    plugin.requests.length = audit.requests.length = 0;
    audit.answer = () => undefined;
  });

  const api = (): ReturnType<typeof supertest> => supertest(gateway.url);
  const chain = (...rules: RuleSketch[]): void => {
    const { current } = gateway.documents;
    gateway.documents.change({ ...current, middleware: rules.map(sketchRule) });
  };

  it('is asked behind the guard alone: not about strangers, and not about what is public', async () => {
    chain({ plugin: 'audit', phase: 'session' });
    await api().get('/api/closed/').expect(401);
    await api().get('/api/friends/').set('Cookie', cookie).expect(403);
    await api().get('/api/mixed/open').set('Cookie', cookie).expect(200);
    await api().get('/socket/longpoll').set('Cookie', cookie).expect(200);
    assert.equal(audit.requests.length, 0);
    await api().get('/api/closed/').set('Cookie', cookie).expect(200);
    assert.equal(audit.requests.length, 1);
  });

  it('is told who it is, by a token for itself, and never sees the session', async () => {
    chain({ plugin: 'audit', phase: 'session' });
    const forged = {
      'X-Plugmesh-User': 'root',
      'X-Plugmesh-Identity': 'e30.e30.e30',
      Cookie: `a=1; ${cookie}`,
    };
    await api().get('/api/closed/x').set(forged).expect(200);
    const said = (name: string): string => valuesOf(audit.last, name).join();
    assert.equal(said('cookie'), 'a=1');
    assert.equal(said('x-plugmesh-roles'), 'editor');
    const tokens = new IdentityTokens(loadSecrets(gateway.config));
    const identity = await tokens.verify(said('x-plugmesh-identity'), 'audit');
    assert.equal(identity.kind === 'user' && identity.id, decodeURIComponent(said('x-plugmesh-user')));
    await assert.rejects(async () => tokens.verify(said('x-plugmesh-identity'), 'closed'));
    // The plugin has one of its own.
    const [own = ''] = plugin.header('x-plugmesh-identity');
    assert.equal((await tokens.verify(own, 'closed')).kind, 'user');
  });

  it('cannot make anybody somebody else', async () => {
    // As a manifest could never say it.
    chain({ plugin: 'audit', phase: 'session', setRequest: ['X-Plugmesh-User', 'X_Plugmesh_Roles'] });
    audit.answer = () => wireAnswer('200 OK', ['X-Plugmesh-User: root', 'X_Plugmesh_Roles: admin']);
    await api().get('/api/closed/').set('Cookie', cookie).expect(200);
    assert.notDeepEqual(plugin.header('x-plugmesh-user'), ['root']);
    assert.deepEqual(
      [plugin.header('x-plugmesh-roles'), plugin.header('x_plugmesh_roles')],
      [['editor'], []],
    );
  });

  it('answers in place of the plugin, or closes when it does not answer', async () => {
    chain({ plugin: 'audit', phase: 'session', timeoutMs: 50 });
    audit.answer = () => wireAnswer('451 No', [], 'not you');
    const { text } = await api().get('/api/closed/').set('Cookie', cookie).expect(451);
    assert.equal(text, 'not you');
    audit.answer = () => false;
    await api().get('/api/closed/').set('Cookie', cookie).expect(503);
    assert.equal(plugin.requests.length, 0);
  });

  it('comes after that of the phase public, and knows what that has said', async () => {
    chain(
      { plugin: 'audit', setRequest: ['X-Tenant'] },
      { plugin: 'audit', phase: 'session', path: '/later', order: 1 },
    );
    audit.answer = () => wireAnswer('200 OK', ['X-Tenant: acme']);
    await api().get('/api/closed/').set('Cookie', cookie).expect(200);
    assert.deepEqual(
      audit.requests.map(({ path }) => path),
      ['/check', '/later'],
    );
    assert.deepEqual(valuesOf(audit.last, 'x-tenant'), ['acme']);
    assert.deepEqual(valuesOf(audit.requests[0]!, 'x-plugmesh-user'), [], 'nobody is known before the guard');
  });

  it('is not asked about calls of plugins', async () => {
    chain({ plugin: 'audit' }, { plugin: 'audit', phase: 'session' });
    const authorization = `Bearer ${pluginToken(loadSecrets(gateway.config), 'mixed')}`;
    await api().get('/api/friends/for').set({ authorization }).expect(200);
    assert.equal(audit.requests.length, 0);
  });

  it('never sees keys and tokens, whichever phase it is', async () => {
    chain({ plugin: 'audit' });
    const { key } = await desk.key();
    const secrets = loadSecrets(gateway.config);
    for (const [path, headers] of [
      ['/api/closed/', { authorization: `Bearer ${key}` }],
      ['/api/closed/', { 'x-api-key': key }],
      ['/token', { authorization: `Bearer ${operatorToken(secrets)}` }],
    ] as const) {
      const before = audit.requests.length;
      await api().get(path).set(headers);
      assert.equal(audit.requests.length, before + 1, path);
      assert.deepEqual([valuesOf(audit.last, 'authorization'), valuesOf(audit.last, 'x-api-key')], [[], []]);
    }
  });
});
