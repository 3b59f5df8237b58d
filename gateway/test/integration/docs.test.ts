import assert from 'node:assert/strict';
import { hashCredential } from '@plugmesh/shared/access';
import { loadSecrets, operatorToken, pluginToken } from '@plugmesh/shared/identity';
import type { TopicRule } from '@plugmesh/shared/mesh-document';
import { eventually, freePort, RedisServer } from '@plugmesh/shared/testing';
import { AccessDesk } from '../support/access-desk.ts';
import { sketchDocument, type PluginSketch } from '../support/mesh.ts';
import { answering, at, lint, sketchApi } from '../support/merging.ts';
import { RecordingUpstream, type Answer } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';

/** Longer than a description is believed without asking again. */
const SOON = { timeoutMs: 15_000 };
const DESCRIBED = { openapi: '/openapi.json' } as const;

/** An instance's answer with this text; with a tag it also knows what has not changed. */
function says(body: string, etag = ''): Answer {
  return ({ headers }) => {
    const known = headers.find(([name]) => name.toLowerCase() === 'if-none-match')?.[1];
    if (etag !== '' && known === etag) return 'HTTP/1.1 304 Not Modified\r\n\r\n';
    const tag = etag === '' ? '' : `ETag: ${etag}\r\n`;
    return `HTTP/1.1 200 OK\r\n${tag}Content-Length: ${body.length}\r\n\r\n${body}`;
  };
}

function api(path: string, rest: object = {}): string {
  return JSON.stringify(sketchApi({ [path]: { get: answering({ type: 'object' }, rest) } }));
}

/** Instances that are stopped when the suite ends, each with its answer. */
class Stage {
  readonly #upstreams: RecordingUpstream[] = [];

  async instance(answer: Answer): Promise<RecordingUpstream> {
    const upstream = await RecordingUpstream.start();
    upstream.answer = answer;
    this.#upstreams.push(upstream);
    return upstream;
  }

  async plugin(id: string, answer: Answer, http: PluginSketch['http'] = {}): Promise<PluginSketch> {
    return { id, urls: [(await this.instance(answer)).url], http: { ...DESCRIBED, ...http } };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#upstreams.map((each) => each.stop()));
  }
}

async function documentOf(gateway: TestGateway, headers: Record<string, string> = {}): Promise<unknown> {
  return (await fetch(`${gateway.url}/openapi.json`, { headers })).json();
}

async function pathsOf(gateway: TestGateway, headers: Record<string, string> = {}): Promise<string[]> {
  return Object.keys(at(await documentOf(gateway, headers), 'paths') as object);
}

describe('/openapi.json', function () {
  this.timeout(40_000);

  describe('with plugins of all kinds', () => {
    const stage = new Stage();
    let gateway: TestGateway;

    before(async () => {
      const old = { ...(JSON.parse(api('/old')) as object), openapi: '3.0.3' };
      gateway = await TestGateway.start({
        plugins: [
          await stage.plugin('weather', says(api('/now', { operationId: 'now' })), { guard: 'session' }),
          await stage.plugin('ships', says(JSON.stringify(old))),
          await stage.plugin('garbage', says('<!doctype html>')),
          await stage.plugin('huge', says(JSON.stringify({ a: 'x'.repeat(3_000_000) }))),
          await stage.plugin('slow', () => false),
          await stage.plugin(
            'cut',
            () => 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{',
          ),
          await stage.plugin('swagger', says('{"swagger":"2.0"}')),
          await stage.plugin('failing', () => 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n'),
          await stage.plugin('silent', () => 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
          { id: 'without', urls: ['http://127.0.0.1:1'], http: { openapi: false } },
          { id: 'gone', urls: [`http://127.0.0.1:${await freePort()}`], http: DESCRIBED },
          { id: 'stopped', title: 'It stands', state: 'stopped', http: DESCRIBED },
        ],
      });
    });
    after(async () => {
      await gateway.stop();
      await stage.stop();
    });

    it('is one valid document of those that describe themselves, whatever the others do', async () => {
      const document = await documentOf(gateway);
      assert.deepEqual(await lint(document), []);
      assert.deepEqual(await pathsOf(gateway), ['/api/ships/old', '/api/weather/now']);
      assert.equal(at(document, 'paths', '/api/weather/now', 'get', 'operationId'), 'weather.now');
    });

    it('lists every plugin with how its description is, and why', async () => {
      const listed = at(await documentOf(gateway), 'x-plugmesh-plugins') as Record<string, string>[];
      const reasons = listed.map(({ id, description, reason = '' }) => [id, description, reason]);
      const expected: [string, string, RegExp][] = [
        ['cut', 'unreachable', /ECONNRESET|aborted/i],
        ['failing', 'broken', /^it answered 500$/],
        ['garbage', 'broken', /^it is not JSON$/],
        ['gone', 'unreachable', /^ECONNREFUSED$/],
        ['huge', 'broken', /2 MiB/],
        ['ships', 'merged', /^$/],
        ['silent', 'none', /404/],
        ['slow', 'unreachable', /within 3 s/],
        ['stopped', 'unreachable', /'stopped'/],
        ['swagger', 'broken', /swagger is '2\.0'/],
        ['weather', 'merged', /^$/],
        ['without', 'none', /^$/],
      ];
      assert.deepEqual(
        reasons.map(([id, description]) => [id, description]),
        expected.map(([id, description]) => [id, description]),
      );
      for (const [at, [, , reason]] of expected.entries()) assert.match(reasons[at]?.[2] ?? '', reason);
      assert.equal(listed.find(({ id }) => id === 'stopped')?.['title'], 'It stands');
    });

    it('says when nothing has changed, and answers HEAD', async () => {
      const url = `${gateway.url}/openapi.json`;
      const first = await fetch(url);
      const etag = first.headers.get('etag') ?? '';
      assert.match(etag, /^"[\w-]{43}"$/);
      assert.equal(first.headers.get('cache-control'), 'no-cache');
      assert.match(first.headers.get('content-type') ?? '', /^application\/json/);
      assert.match(first.headers.get('vary') ?? '', /Cookie/);
      const again = await fetch(url, { headers: { 'if-none-match': etag } });
      assert.deepEqual([again.status, await again.text()], [304, '']);
      const head = await fetch(url, { method: 'HEAD' });
      assert.deepEqual([head.status, head.headers.get('etag'), await head.text()], [200, etag, '']);
      assert.equal((await fetch(url, { method: 'POST' })).status, 404);
    });

    it('names the path under which a proxy serves the mesh, where one is trusted', async () => {
      assert.equal(at(await documentOf(gateway, { 'x-forwarded-prefix': '/live' }), 'servers'), undefined);
      const trusting = await TestGateway.start({ gateway: { trustedProxies: ['127.0.0.1/32'] } });
      const document = await documentOf(trusting, { 'x-forwarded-prefix': '/live' });
      await trusting.stop();
      assert.deepEqual(at(document, 'servers'), [{ url: '/live' }]);
    });
  });

  describe('while plugins come, go and change', () => {
    const stage = new Stage();
    let gateway: TestGateway;
    let ships: RecordingUpstream;

    before(async () => {
      ships = await stage.instance(says(api('/one'), '"1"'));
      gateway = await TestGateway.start({ plugins: [{ id: 'ships', urls: [ships.url], http: DESCRIBED }] });
    });
    after(async () => {
      await gateway.stop();
      await stage.stop();
    });

    const change = (plugins: readonly PluginSketch[]): void => {
      gateway.documents.change(sketchDocument(plugins));
    };

    it('asks a plugin once, whoever else wants to know', async () => {
      const all = await Promise.all([pathsOf(gateway), pathsOf(gateway), pathsOf(gateway)]);
      assert.deepEqual(all, [['/api/ships/one'], ['/api/ships/one'], ['/api/ships/one']]);
      await pathsOf(gateway);
      assert.equal(ships.requests.length, 1);
      assert.equal(ships.last.path, '/openapi.json');
    });

    it('asks whether it has changed after a moment, and sees new code behind the same address', async () => {
      await eventually(async () => {
        await pathsOf(gateway);
        return ships.requests.length > 1;
      }, SOON);
      assert.deepEqual(ships.header('if-none-match'), ['"1"']);
      assert.deepEqual(await pathsOf(gateway), ['/api/ships/one']);
      ships.answer = says(api('/two'), '"2"');
      await eventually(async () => (await pathsOf(gateway)).includes('/api/ships/two'), SOON);
    });

    it('follows a change of the mesh at once', async () => {
      const weather = await stage.plugin('weather', says(api('/now')));
      change([{ id: 'ships', urls: [ships.url], http: DESCRIBED }, weather]);
      assert.deepEqual(await pathsOf(gateway), ['/api/ships/two', '/api/weather/now']);
      ships.answer = says(api('/three'), '"3"');
      change([{ id: 'ships', urls: [ships.url], http: { ...DESCRIBED, prefix: '/boats' } }]);
      assert.deepEqual(await pathsOf(gateway), ['/boats/three']);
      change([{ id: 'ships', enabled: false, state: 'disabled', http: DESCRIBED }]);
      assert.deepEqual(await pathsOf(gateway), []);
    });
  });

  describe('in production', () => {
    const stage = new Stage();
    const OWN_KEY = 'the-key-of-one-plugin';
    const GLOBAL_KEY = 'the-key-of-the-gateway';
    let redis: RedisServer;
    let desk: AccessDesk;
    let gateway: TestGateway;

    const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
    /** Of the operations of `ships` and `own`, those that somebody sees. */
    const seenBy = async (headers: Record<string, string> = {}): Promise<string> =>
      (await pathsOf(gateway, headers)).map((path) => path.replace('/api/', '')).join(' ');

    before(async () => {
      redis = await RedisServer.start();
      desk = new AccessDesk(redis.url);
      await desk.open();
      const guards = ['public', 'key', 'session', 'admin'] as const;
      const paths = Object.fromEntries(guards.map((guard) => [`/${guard}`, { get: answering({}) }]));
      const routes = guards.map((guard) => ({ path: `/${guard}`, guard }));
      gateway = await TestGateway.start({
        mode: 'production',
        redisUrl: redis.url,
        gateway: { apiKey: GLOBAL_KEY },
        plugins: [
          await stage.plugin('ships', says(JSON.stringify(sketchApi(paths))), {
            routes: [...routes, { path: '/friends', guard: 'admin', plugins: ['friend'] }],
          }),
          await stage.plugin('own', says(api('/own')), { guard: 'key', keyHash: hashCredential(OWN_KEY) }),
          { ...(await stage.plugin('garbage', says('<html>'))), title: 'Garbage' },
        ],
      });
      const rule = { plugin: 'ships', presence: false, envelope: false, overflow: 'disconnect' } as const;
      const topics: TopicRule[] = [
        { ...rule, pattern: 'open', join: 'public', push: 'none', events: { moved: { type: 'object' } } },
        { ...rule, pattern: 'in', join: 'none', push: 'public' },
        { ...rule, pattern: 'users', join: 'session', push: 'admin' },
        { ...rule, pattern: 'own-*', join: 'owner', push: 'owner' },
        { ...rule, pattern: 'admins', join: 'admin', push: 'none' },
        { ...rule, pattern: 'nobody', join: 'none', push: 'none' },
      ];
      gateway.documents.change({ ...gateway.documents.current, topics });
    });
    after(async () => {
      await gateway.stop();
      await desk.close();
      await Promise.all([stage.stop(), redis.stop()]);
    });

    it('shows to strangers what is public, and of plugins no more than name and state', async () => {
      assert.equal(await seenBy(), 'ships/public');
      const document = await documentOf(gateway, bearer('nonsense'));
      assert.deepEqual(Object.keys(at(document, 'paths') as object), ['/api/ships/public']);
      assert.deepEqual(at(document, 'x-plugmesh-plugins'), [
        { id: 'garbage', title: 'Garbage', state: 'ready', description: 'broken' },
        { id: 'own', state: 'ready', description: 'merged' },
        { id: 'ships', state: 'ready', description: 'merged' },
      ]);
    });

    it('shows to users what their session or key opens', async () => {
      const { cookie } = await desk.login();
      assert.equal(await seenBy({ cookie }), 'own/own ships/key ships/public ships/session');
      const { key } = await desk.key({ guards: ['key'], plugins: ['ships'] });
      assert.equal(await seenBy(bearer(key)), 'ships/key ships/public');
      // As at routes: a key counts before the cookie, and a wrong one does not fall back to it.
      assert.equal(await seenBy({ cookie, 'x-api-key': key }), 'ships/key ships/public');
      assert.equal(await seenBy({ cookie: 'plugmesh-session=nonsense' }), 'ships/public');
    });

    it('shows to keys of the configuration and to plugins what they open', async () => {
      assert.equal(await seenBy(bearer(OWN_KEY)), 'own/own ships/public');
      assert.equal(await seenBy({ 'x-api-key': GLOBAL_KEY }), 'own/own ships/key ships/public');
      const secrets = loadSecrets(gateway.config);
      assert.equal(await seenBy(bearer(pluginToken(secrets, 'friend'))), 'ships/public');
    });

    it('shows everything, with reasons, to those in charge', async () => {
      const all = 'own/own ships/admin ships/key ships/public ships/session';
      const { cookie } = await desk.login({ roles: ['admin'] });
      const operator = bearer(operatorToken(loadSecrets(gateway.config)));
      for (const headers of [{ cookie }, operator]) {
        assert.equal(await seenBy(headers), all);
        const [garbage] = at(await documentOf(gateway, headers), 'x-plugmesh-plugins') as object[];
        assert.equal(at(garbage, 'reason'), 'it is not JSON');
      }
    });

    it('shows topics likewise, with the schemas of their events', async () => {
      const topicsFor = async (headers: Record<string, string> = {}): Promise<TopicRule[]> => {
        const response = await fetch(`${gateway.url}/docs/topics.json`, { headers });
        assert.match(response.headers.get('etag') ?? '', /^"/);
        return at(await response.json(), 'topics') as TopicRule[];
      };
      const patterns = async (headers: Record<string, string> = {}): Promise<string[]> =>
        (await topicsFor(headers)).map(({ pattern }) => pattern);
      assert.deepEqual(await patterns(), ['in', 'open']);
      assert.deepEqual((await topicsFor())[1]?.events, { moved: { type: 'object' } });
      const [user, admin] = [await desk.login(), await desk.login({ roles: ['admin'] })];
      assert.deepEqual(await patterns({ cookie: user.cookie }), ['in', 'open', 'own-*', 'users']);
      assert.deepEqual(await patterns({ cookie: admin.cookie }), [
        ...['admins', 'in', 'nobody', 'open', 'own-*', 'users'],
      ]);
    });

    it('serves its pages under a policy that lets no script in but their own', async () => {
      for (const path of [
        '/docs',
        '/docs/',
        '/docs/topics',
        '/docs/ui/swagger-ui-bundle.js',
        '/docs/page/docs.css',
      ]) {
        const { status, headers, body } = await fetch(`${gateway.url}${path}`);
        await body?.cancel();
        assert.equal(status, 200, path);
        assert.match(headers.get('content-security-policy') ?? '', /^default-src 'self';(?!.*unsafe)/);
      }
      assert.equal((await fetch(`${gateway.url}/docs/ui/package.json`)).status, 404);
    });

    it('takes whom nobody can vouch for as a stranger while Redis is away', async () => {
      const { cookie } = await desk.login();
      await redis.stop();
      assert.equal(await seenBy({ cookie }), 'ships/public');
    });
  });
});
