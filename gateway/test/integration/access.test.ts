import assert from 'node:assert/strict';
import { API_KEYS_USED, sessionKey } from '@plugmesh/shared/access';
import { loadSecrets, operatorToken, pluginToken } from '@plugmesh/shared/identity';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import supertest from 'supertest';
import { AccessDesk } from '../support/access-desk.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';
import { hashCredential } from '@plugmesh/shared/access';

const GUARDS = ['public', 'key', 'session', 'admin'] as const;
const GLOBAL_KEY = 'the-key-of-the-gateway';
const OWN_KEY = 'the-key-of-one-plugin';

describe('who may call what', () => {
  const upstream = new RecordingUpstream();
  let redis: RedisServer;
  let desk: AccessDesk;
  let gateway: TestGateway;

  before(async () => {
    redis = await RedisServer.start();
    desk = new AccessDesk(redis.url);
    await Promise.all([upstream.listen(0), desk.open()]);
    const urls = [upstream.url];
    gateway = await TestGateway.start({
      redisUrl: redis.url,
      services: { control: { url: upstream.url }, channel: { url: upstream.url } },
      gateway: { apiKey: GLOBAL_KEY },
      plugins: [
        ...GUARDS.map((guard) => ({ id: guard, urls, http: { guard } })),
        { id: 'own', urls, http: { guard: 'key', keyHash: hashCredential(OWN_KEY) } },
        {
          id: 'mixed',
          urls,
          http: {
            guard: 'session',
            routes: [
              { path: '/open/**', guard: 'public' },
              { path: '/open/*/secret', guard: 'admin' },
              { path: '/things', methods: ['GET'], guard: 'key' },
              { path: '/for-friends', guard: 'admin', plugins: ['friend'] },
              { path: '/for-plugins', guard: 'session', plugins: ['*'] },
              { path: '/*/news', guard: 'public' },
              { path: '/inside/**', guard: 'none', plugins: ['friend'] },
            ],
          },
        },
        { id: 'accounts', urls, http: { guard: 'public' } },
      ],
    });
  });
  after(async () => {
    await gateway.stop();
    await desk.close();
    await Promise.all([upstream.stop(), redis.stop()]);
  });

  const get = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await supertest(gateway.url).get(path).set(headers)).status;
  /** Status at each of the four guards, from `public` to `admin`. */
  const ladder = (headers: Record<string, string>): Promise<number[]> =>
    Promise.all(GUARDS.map((guard) => get(`/api/${guard}/`, headers)));
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  describe('with a session', () => {
    it('opens all guards but admin, and that one to the role admin in exactly this spelling', async () => {
      const of = async (...roles: string[]) => ladder({ cookie: (await desk.login({ roles })).cookie });
      assert.deepEqual(await ladder({}), [200, 401, 401, 401]);
      assert.deepEqual(await of(), [200, 200, 200, 403]);
      assert.deepEqual(await of('editor', 'admin'), [200, 200, 200, 200]);
      for (const role of [
        'Admin',
        'ADMIN',
        'administrator',
        'admin ',
        ' admin',
        'admin,editor',
        'not-admin',
      ]) {
        assert.deepEqual(await of(role), [200, 200, 200, 403], role);
      }
    });

    it('asks Redis once, and not at all without credentials', async () => {
      const { cookie } = await desk.login();
      await ladder({ cookie });
      const before = await desk.calls('get');
      for (let n = 0; n < 5; n++) await ladder({ cookie });
      await ladder({});
      assert.equal(await desk.calls('get'), before);
    });

    it('asks once for many who come at the same time', async () => {
      const { cookie } = await desk.login();
      const before = await desk.calls('get');
      const statuses = await Promise.all([...Array(20)].map(() => get('/api/session/', { cookie })));
      assert.deepEqual([...new Set(statuses)], [200]);
      assert.equal(await desk.calls('get'), before + 1);
    });

    it('is over with logout, with a change of its user, and at its end', async () => {
      const login = await desk.login({ roles: ['admin'] });
      const { cookie } = login;
      assert.equal(await get('/api/admin/', { cookie }), 200);
      const demoted = JSON.stringify({
        ...JSON.parse((await desk.redis.get(sessionKey(login.hash))) ?? ''),
        roles: [],
      });
      await desk.redis.set(sessionKey(login.hash), demoted);
      await desk.say({ users: ['u1'] });
      await eventually(async () => (await get('/api/admin/', { cookie })) === 403, { timeoutMs: 1000 });
      await desk.logout(login);
      await eventually(async () => (await get('/api/session/', { cookie })) === 401, { timeoutMs: 1000 });
      const short = await desk.login({ endsAt: Date.now() + 1500 });
      assert.equal(await get('/api/session/', { cookie: short.cookie }), 200);
      await eventually(async () => (await get('/api/session/', { cookie: short.cookie })) === 401);
    });

    it('begins its idle life anew when it is used, at most once a minute, and ends with it', async () => {
      const [used, justUsed, unused] = await Promise.all([desk.login(), desk.login(), desk.login()]);
      const idleMs = 1_800_000;
      await desk.redis.pexpire(sessionKey(used.hash), idleMs - 61_000);
      await desk.redis.pexpire(sessionKey(justUsed.hash), idleMs - 30_000);
      await desk.redis.pexpire(sessionKey(unused.hash), 0);
      const left = ({ hash }: { hash: string }): Promise<number> => desk.redis.pttl(sessionKey(hash));
      assert.equal(await get('/api/session/', { cookie: used.cookie }), 200);
      assert.equal(await get('/api/session/', { cookie: justUsed.cookie }), 200);
      assert.equal(await get('/api/session/', { cookie: unused.cookie }), 401);
      await eventually(async () => (await left(used)) > idleMs - 30_000);
      assert.ok((await left(justUsed)) <= idleMs - 30_000);
    });

    it('never lives beyond its end by being used', async () => {
      const { hash, cookie } = await desk.login({ endsAt: Date.now() + 600_000 });
      await desk.redis.pexpire(sessionKey(hash), 60_000);
      assert.equal(await get('/api/session/', { cookie }), 200);
      await eventually(async () => (await desk.redis.pttl(sessionKey(hash))) > 60_000);
      assert.ok((await desk.redis.pttl(sessionKey(hash))) <= 600_000);
    });

    it('counts by https only under the name that other hosts cannot set', async () => {
      const trusting = await TestGateway.start({
        redisUrl: redis.url,
        plugins: [{ id: 'session', urls: [upstream.url], http: { guard: 'session' } }],
        gateway: { trustedProxies: ['127.0.0.1'] },
      });
      const { cookie } = await desk.login();
      const status = async (proto: string, sent: string): Promise<number> =>
        (await supertest(trusting.url).get('/api/session/').set({ cookie: sent, 'x-forwarded-proto': proto }))
          .status;
      assert.equal(await status('http', cookie), 200);
      assert.equal(await status('https', cookie), 401);
      assert.equal(await status('https', `__Host-${cookie}`), 200);
      assert.equal(await status('http', `__Host-${cookie}`), 401);
      await trusting.stop();
    });

    it('takes no session that a stranger chose, and none of two', async () => {
      const [mine, other] = await Promise.all([desk.login(), desk.login()]);
      const made = `plugmesh-session=${'a'.repeat(43)}`;
      for (const cookie of [
        made,
        `plugmesh-session=${mine.hash}`,
        'plugmesh-session=',
        'plugmesh-session=*',
        `${other.cookie}; ${mine.cookie}`,
        `${mine.cookie}; ${mine.cookie}`,
        `PLUGMESH-SESSION=${mine.id}`,
        `=${mine.cookie}`,
        `x${mine.cookie}`,
        `__Secure-${mine.cookie}`,
      ]) {
        assert.equal(await get('/api/session/', { cookie }), 401, cookie);
        const seen = await supertest(gateway.url).get('/api/public/').set({ cookie }).expect(200);
        assert.equal(seen.headers['set-cookie'], undefined);
      }
      assert.equal(await get('/api/session/', { cookie: `a=b; ${mine.cookie}; c=d` }), 200);
      assert.equal(await desk.redis.exists(sessionKey(hashCredential('a'.repeat(43)))), 0);
    });
  });

  describe('with an API key', () => {
    it('opens the guards that the key lists, at the plugins that it lists', async () => {
      const at = async (...guards: ('key' | 'session' | 'admin')[]) =>
        ladder(bearer((await desk.key({ guards, roles: ['admin'] })).key));
      assert.deepEqual(await at('key'), [200, 200, 403, 403]);
      assert.deepEqual(await at('session'), [200, 403, 200, 403]);
      assert.deepEqual(await at('key', 'session', 'admin'), [200, 200, 200, 200]);
      const noAdmin = await desk.key({ guards: ['key', 'session', 'admin'] });
      assert.deepEqual(await ladder(bearer(noAdmin.key)), [200, 200, 200, 403]);
      const narrow = await desk.key({ plugins: ['key'], guards: ['key', 'session'] });
      assert.deepEqual(await ladder(bearer(narrow.key)), [200, 200, 403, 403]);
    });

    it('is taken as Bearer or X-API-Key, and neither reaches the plugin', async () => {
      const { key } = await desk.key();
      for (const headers of [
        bearer(key),
        { 'X-API-Key': key },
        { 'x-api-key': key, ...bearer('of.the.plugin') },
      ]) {
        assert.equal(await get('/api/key/', headers), 200);
        assert.ok(!JSON.stringify(upstream.last).includes('pmk_'));
      }
      assert.deepEqual(upstream.header('authorization'), ['Bearer of.the.plugin']);
      assert.equal(await get('/api/public/', { 'x-api-key': "the plugin's own" }), 200);
      assert.deepEqual(upstream.header('x-api-key'), ["the plugin's own"]);
    });

    it('is noted as used when it counts, not when somebody guesses at it', async () => {
      const { prefix, key } = await desk.key();
      assert.equal(await get('/api/key/', bearer(`pmk_${prefix}_${'A'.repeat(43)}`)), 401);
      assert.equal(await desk.redis.hget(API_KEYS_USED, prefix), null);
      assert.equal(await get('/api/key/', bearer(key)), 200);
      const at = await eventually(() => desk.redis.hget(API_KEYS_USED, prefix));
      assert.ok(Date.now() - Number(at) < 10_000);
    });

    it('is refused when it is wrong, over or revoked, and never falls back to the cookie', async () => {
      const { prefix, key } = await desk.key();
      const { cookie } = await desk.login();
      const forged = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
      assert.equal(await get('/api/key/', bearer(forged)), 401);
      assert.equal(await get('/api/key/', { ...bearer(forged), cookie }), 401);
      assert.equal(await get('/api/public/', bearer(forged)), 200);
      assert.equal(await get('/api/key/', bearer((await desk.key({ endsAt: Date.now() - 1 })).key)), 401);
      assert.equal(await get('/api/key/', bearer(key)), 200);
      await desk.revoke(prefix);
      await eventually(async () => (await get('/api/key/', bearer(key))) === 401, { timeoutMs: 1000 });
    });

    it('may be written into the configuration: for one plugin, or for all', async () => {
      assert.deepEqual(await ladder(bearer(GLOBAL_KEY)), [200, 200, 403, 403]);
      assert.deepEqual(await ladder({ 'x-api-key': OWN_KEY }), [200, 403, 403, 403]);
      assert.equal(await get('/api/own/', { 'x-api-key': OWN_KEY }), 200);
      assert.equal(await get('/api/own/', bearer(GLOBAL_KEY)), 200);
      assert.equal(await get('/api/own/', bearer(`${OWN_KEY}x`)), 401);
      for (const [path, key] of [
        ['/api/own/', OWN_KEY],
        ['/api/public/', OWN_KEY],
        ['/mesh/plugins', GLOBAL_KEY],
      ] as const) {
        await get(path, bearer(key));
        assert.ok(!JSON.stringify(upstream.last).includes(key), path);
      }
    });

    it('is taken from the query only where that is allowed, and taken away there', async () => {
      const { key } = await desk.key();
      assert.equal(await get(`/api/key/?apikey=${key}`), 401);
      const open = await TestGateway.start({
        redisUrl: redis.url,
        plugins: ['key', 'public'].map((id) => ({
          id,
          urls: [upstream.url],
          http: { guard: id === 'key' ? ('key' as const) : ('public' as const) },
        })),
        gateway: { apiKeyInQuery: true, apiKey: GLOBAL_KEY },
      });
      for (const [query, left, status] of [
        [`?apikey=${key}`, '', 200],
        [`?apikey=${GLOBAL_KEY}&a=1`, '?a=1', 200],
        [`?a=1&apikey=${key}&b=2`, '?a=1&b=2', 200],
        [`?a=1&apikey=${key}`, '?a=1', 200],
        [`?apikey=${key}&apikey=${key}`, '', 401],
        ['?apikey=', '', 401],
        ['?apikey=%zz', '', 401],
        ['?apikey=nobody&a=apikey=1', '?a=apikey=1', 401],
      ] as const) {
        const answer = await supertest(open.url).get(`/api/key/x${query}`);
        assert.equal(answer.status, status, query);
        await supertest(open.url).get(`/api/public/x${query}`).expect(200);
        assert.equal(upstream.last.path, `/x${left}`);
      }
      await open.stop();
    });
  });

  describe('with the token of a process', () => {
    it("lets plugins in where a route names them, by the mesh's guards nowhere", async () => {
      const secrets = loadSecrets(gateway.config);
      const friend = bearer(pluginToken(secrets, 'friend'));
      assert.deepEqual(await ladder(friend), [200, 403, 403, 403]);
      assert.equal(await get('/api/mixed/for-friends', friend), 200);
      assert.equal(await get('/api/mixed/for-friends', bearer(pluginToken(secrets, 'stranger'))), 403);
      assert.equal(await get('/api/mixed/for-friends', bearer('friend.forged')), 401);
      assert.deepEqual(await ladder(bearer(operatorToken(secrets))), [200, 401, 401, 401]);
    });

    it("lets every plugin in where a route names '*', and by that nobody else", async () => {
      const secrets = loadSecrets(gateway.config);
      for (const id of ['friend', 'stranger'])
        assert.equal(await get('/api/mixed/for-plugins', bearer(pluginToken(secrets, id))), 200);
      for (const headers of [{}, bearer('stranger.forged'), bearer(operatorToken(secrets))])
        assert.equal(await get('/api/mixed/for-plugins', headers), 401);
      assert.equal(await get('/api/mixed/for-plugins', bearer(GLOBAL_KEY)), 403);
    });

    const spellings = [
      '/inside/news',
      '/INSIDE/news',
      '/inside',
      '/inside/',
      '/%69nside/news',
      '/inside/news/',
    ];
    it("lets nobody but the named plugins in where the guard is 'none': no administrator, no other plugin, however the path is spelt", async () => {
      const secrets = loadSecrets(gateway.config);
      const { cookie } = await desk.login({ roles: ['admin'] });
      const { key } = await desk.key({ roles: ['admin'], guards: ['key', 'session', 'admin'] });
      const others = [
        { cookie },
        bearer(key),
        bearer(GLOBAL_KEY),
        bearer(pluginToken(secrets, 'stranger')),
        bearer(pluginToken(secrets, 'mixed')),
      ];
      for (const path of spellings) {
        for (const headers of others) assert.equal(await get(`/api/mixed${path}`, headers), 403, path);
        for (const headers of [{}, bearer(operatorToken(secrets))])
          assert.equal(await get(`/api/mixed${path}`, headers), 401, path);
      }
      assert.equal(await get('/api/mixed/inside/news', bearer(pluginToken(secrets, 'friend'))), 200);
      assert.equal(await get('/api/mixed/outside/news'), 200);
    });
  });

  it('shows metrics to administrators, by session or key, and to nobody else', async () => {
    const { cookie } = await desk.login({ roles: ['admin'] });
    const { key } = await desk.key({ roles: ['admin'], guards: ['admin'] });
    assert.deepEqual([await get('/metrics', { cookie }), await get('/metrics', bearer(key))], [200, 200]);
    const plain = await desk.login();
    const narrow = await desk.key({ roles: ['admin'], guards: ['admin'], plugins: ['mesh'] });
    const notAdmin = await desk.key({ guards: ['key', 'session', 'admin'] });
    for (const headers of [
      { cookie: plain.cookie },
      bearer(narrow.key),
      bearer(notAdmin.key),
      bearer(GLOBAL_KEY),
    ])
      assert.equal(await get('/metrics', headers), 401);
  });

  it('does not fall back from a wrong key to the cookie, however often it is shown', async () => {
    const { cookie } = await desk.login({ roles: ['admin'] });
    const { prefix, key } = await desk.key();
    await desk.revoke(prefix);
    for (const shown of [bearer(key), { 'x-api-key': key }, bearer(key)]) {
      assert.equal(await get('/metrics', { ...shown, cookie }), 401);
      assert.equal(await get('/api/admin/', { ...shown, cookie }), 401);
    }
  });

  it('answers 401 before 404 and 403 before anything else, by the most specific rule', async () => {
    const { cookie } = await desk.login();
    const { key } = await desk.key();
    for (const [path, anonymous, session, byKey] of [
      ['/api/mixed/no/such', 401, 200, 403],
      ['/api/mixed/open/x', 200, 200, 200],
      ['/api/mixed/open/x/secret', 401, 403, 403],
      ['/api/mixed/things', 401, 200, 200],
    ] as const) {
      const statuses = [await get(path), await get(path, { cookie }), await get(path, bearer(key))];
      assert.deepEqual(statuses, [anonymous, session, byKey], path);
    }
    const posted = await supertest(gateway.url).post('/api/mixed/things').set(bearer(key));
    assert.equal(posted.status, 403);
  });

  it('has no spelling of a path that leads a user to what is for administrators', async () => {
    const { cookie } = await desk.login();
    for (const path of [
      '/open/x/secret',
      '/open/x/secret/',
      '/open/x/SECRET',
      '/OPEN/x/secret',
      '/open/x/%73ecret',
      '/open/x/%53ecret',
      '/open/x/s%65cret',
      '/open/%78/secret/',
      '/open/x/secret%2F',
      '/open/x/secret;a=b',
      '/open/x/secret%3Ba',
      '/open/x/./secret',
      '/open/x//secret',
      '/open/x/y/../secret',
      '/open/x/%2e/secret',
      '/open/x%2fsecret',
      '/open/x\\secret',
      '/open/x/secret%00',
      '/open/x/secret%20/../secret',
      '/open/x/%2573ecret/../secret',
    ]) {
      const asked = upstream.requests.length;
      const status = await get(`/api/mixed${path}`, { cookie });
      assert.ok([400, 401, 403].includes(status), `${path}: ${status}`);
      assert.equal(upstream.requests.length, asked, path);
    }
  });

  describe('accounts', () => {
    const setting = [
      'plugmesh-session=x; HttpOnly',
      '__Host-plugmesh-session=x; Secure',
      'plugmesh-other=x',
      'Plugmesh-Session=x',
      ' plugmesh-session=x',
      'theme=dark',
    ];
    const answered = async (path: string): Promise<unknown> => {
      upstream.answer = () =>
        `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${setting.map((each) => `Set-Cookie:${each}\r\n`).join('')}\r\n`;
      const { headers } = await supertest(gateway.url).get(path);
      upstream.answer = () => undefined;
      return headers['set-cookie'];
    };

    it("is the only plugin that sets the session's cookie", async () => {
      assert.deepEqual(await answered('/api/accounts/v1/login'), [
        'plugmesh-session=x; HttpOnly',
        '__Host-plugmesh-session=x; Secure',
        'plugmesh-session=x',
        'theme=dark',
      ]);
      assert.deepEqual(await answered('/api/public/'), ['theme=dark']);
      assert.deepEqual(await answered('/mesh/plugins'), ['theme=dark']);
    });

    it('is told the XSRF token of a session, others are not, and none sees the cookie', async () => {
      const { id, cookie } = await desk.login();
      await get('/api/accounts/v1/session', { cookie, 'x-plugmesh-xsrf': 'forged' });
      assert.deepEqual(upstream.header('x-plugmesh-xsrf'), [hashCredential(`xsrf:${id}`)]);
      assert.deepEqual(upstream.header('cookie'), []);
      await get('/api/public/', { cookie, 'x-plugmesh-xsrf': 'forged' });
      assert.deepEqual(upstream.header('x-plugmesh-xsrf'), []);
      await get('/api/accounts/v1/session', { 'x-plugmesh-xsrf': 'forged' });
      assert.deepEqual(upstream.header('x-plugmesh-xsrf'), []);
    });
  });
});
