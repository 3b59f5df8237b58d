import assert from 'node:assert/strict';
import { loadSecrets, operatorToken, pluginToken } from '@plugmesh/shared/identity';
import type { MiddlewareRule } from '@plugmesh/shared/mesh-document';
import supertest from 'supertest';
import { sketchRule, valuesOf, wireAnswer, type RuleSketch } from '../support/forward-auth.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { rawRequest } from '../support/raw-request.ts';
import { TestGateway } from '../support/start-gateway.ts';

const OK = wireAnswer('200 OK');

describe('middleware', () => {
  const plugin = new RecordingUpstream();
  const login = new RecordingUpstream();
  const second = new RecordingUpstream();
  let gateway: TestGateway;

  before(async () => {
    await Promise.all([plugin.listen(0), login.listen(0), second.listen(0)]);
    gateway = await TestGateway.start({
      services: { control: { url: plugin.url }, channel: { url: plugin.url } },
      plugins: [
        { id: 'ships', urls: [plugin.url], http: { aliases: ['/fleet'] } },
        { id: 'moved', urls: [plugin.url], http: { prefix: '/api/elsewhere' } },
        { id: 'other', urls: [plugin.url], http: { corsOrigins: ['https://page.test'] } },
        { id: 'login', urls: [login.url] },
        { id: 'second', urls: [second.url], http: { html: 'trusted' } },
      ],
    });
  });
  after(async () => {
    await gateway.stop();
    await Promise.all([plugin.stop(), login.stop(), second.stop()]);
  });
  beforeEach(() => {
    for (const upstream of [plugin, login, second]) {
      upstream.requests.length = 0;
      upstream.answer = () => undefined;
    }
  });

  const api = (): ReturnType<typeof supertest> => supertest(gateway.url);
  const raw = (...lines: string[]) => rawRequest(gateway.port, [...lines, '', ''].join('\r\n'));
  const chain = (...rules: RuleSketch[]): void => {
    const middleware: MiddlewareRule[] = rules.map(sketchRule);
    gateway.documents.change({ ...gateway.documents.current, middleware });
  };

  describe('that lets pass', () => {
    it('is asked by GET at its path, with what the client asked for, and never with a body', async () => {
      chain({ plugin: 'login', path: '/auth?x' });
      const sent = await api()
        .post('/api/ships/v1/near?q=1')
        .set({ Cookie: 'a=1; plugmesh-session=s', 'If-None-Match': '*', Range: 'bytes=0-1' })
        .set({ 'X-Forwarded-Uri': '/forged', 'X-Forwarded-User': 'root', 'X-Plugmesh-User': 'root' })
        .set({ Authorization: 'Bearer theirs', 'X-Mine': 'yes' })
        .send('{"a":1}')
        .expect(200, 'ok');
      const { method, path, body } = login.last;
      assert.deepEqual([method, path, body], ['GET', '/auth?x', '']);
      const said = (name: string): string[] => valuesOf(login.last, name);
      assert.deepEqual(said('x-forwarded-method'), ['POST']);
      assert.deepEqual(said('x-forwarded-uri'), ['/api/ships/v1/near?q=1']);
      assert.deepEqual(said('x-forwarded-proto'), ['http']);
      assert.deepEqual(said('x-forwarded-for'), ['127.0.0.1']);
      assert.deepEqual(said('x-forwarded-host'), [`127.0.0.1:${gateway.port}`]);
      assert.deepEqual(said('host'), [new URL(login.url).host]);
      assert.deepEqual(said('cookie'), ['a=1']);
      assert.deepEqual([said('authorization'), said('x-mine')], [['Bearer theirs'], ['yes']]);
      for (const name of ['content-length', 'transfer-encoding', 'if-none-match', 'range', 'expect'])
        assert.deepEqual(said(name), [], name);
      for (const name of ['x-forwarded-user', 'x-plugmesh-user', 'x-forwarded-prefix'])
        assert.deepEqual(said(name), [], name);
      assert.equal(plugin.last.body, '{"a":1}');
      // One request, one trace.
      assert.deepEqual(said('x-request-id'), [sent.headers['x-request-id']]);
      assert.deepEqual(said('traceparent'), plugin.header('traceparent'));
    });

    it('is told nothing of how the body is framed', async () => {
      chain({ plugin: 'login' });
      const head = ['POST /api/ships/ HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Trailer: X'];
      const answer = await raw(...head, 'Expect: 100-continue', '', '3', 'abc', '0');
      assert.deepEqual(answer.statuses, [100, 200]);
      assert.equal(plugin.last.body, 'abc');
      for (const name of ['transfer-encoding', 'trailer', 'expect', 'content-length'])
        assert.deepEqual(valuesOf(login.last, name), [], name);
      assert.deepEqual(login.garbage, []);
    });

    it('is not shown the tokens of the mesh', async () => {
      chain({ plugin: 'login' });
      const token = operatorToken(loadSecrets(gateway.config));
      await api().get('/api/ships/').set('Authorization', `Bearer ${token}`).expect(200);
      assert.deepEqual(valuesOf(login.last, 'authorization'), []);
    });

    it('says headers to the plugin, over all that the client says in any spelling', async () => {
      chain({ plugin: 'login', setRequest: ['Remote-User', 'Remote-Groups'] });
      login.answer = () => wireAnswer('200 OK', ['Remote-User: ann', 'X-Not-Named: 1']);
      const forged = ['Remote-User', 'Remote_User', 'remote.user', 'Remote-Groups', 'REMOTE_GROUPS'];
      await api()
        .get('/api/ships/')
        .set(Object.fromEntries(forged.map((name) => [name, 'root'])))
        .expect(200);
      assert.deepEqual(plugin.header('remote-user'), ['ann']);
      for (const name of ['remote_user', 'remote.user', 'remote-groups', 'remote_groups', 'x-not-named'])
        assert.deepEqual(plugin.header(name), [], name);
    });

    it("says headers and cookies to the client, beside the plugin's", async () => {
      chain({ plugin: 'login', setResponse: ['X-Seen', 'Vary', 'Set-Cookie', 'Content-Security-Policy'] });
      const own = ['X-Seen: login', 'Vary: Cookie', 'Set-Cookie: a=1', 'Set-Cookie: plugmesh-session=x'];
      login.answer = () => wireAnswer('204 No', [...own, 'Content-Security-Policy: img-src *', 'X-Not: 1']);
      const said = ['X-Seen: plugin', 'Vary: Accept', 'Set-Cookie: b=2', 'Content-Type: text/html'];
      plugin.answer = () => wireAnswer('200 OK', said, 'hi');
      const { headers } = await api().get('/api/ships/').expect(200, 'hi');
      assert.equal(headers['x-seen'], 'login');
      assert.equal(headers['vary'], 'Accept, Cookie');
      assert.deepEqual(headers['set-cookie'], ['b=2', 'a=1']);
      assert.equal(headers['content-security-policy'], 'img-src *, sandbox allow-scripts');
      assert.equal(headers['x-not'], undefined);
    });

    it('says them on the answers of the gateway, too', async () => {
      chain({ plugin: 'login', setResponse: ['X-Seen'] });
      login.answer = () => wireAnswer('200 OK', ['Set-Cookie: a=1', 'X-Seen: login']);
      plugin.answer = (_request, socket) => {
        socket.destroy();
        return false;
      };
      const { headers } = await api().post('/api/ships/').expect(502);
      assert.deepEqual([headers['x-seen'], headers['set-cookie']], ['login', ['a=1']]);
    });

    it('keeps its connection, and survives that it was closed meanwhile', async () => {
      chain({ plugin: 'login' });
      let isFirst = true;
      const known = new Set<number>();
      login.answer = ({ connection }, socket) => {
        if (known.has(connection) && isFirst) {
          isFirst = false;
          socket.destroy();
          return false;
        }
        known.add(connection);
        return OK;
      };
      for (let n = 0; n < 5; n += 1) await api().get('/api/ships/').expect(200);
      assert.equal(isFirst, false);
      assert.equal(plugin.requests.length, 5);
      assert.ok(known.size <= 2, `${known.size} connections`);
    });
  });

  describe('that answers', () => {
    it("gives the client its status, headers and body, and the plugin isn't asked", async () => {
      chain({ plugin: 'second' });
      const head = ['Location: https://id.test/?a=1', 'Set-Cookie: a=1', 'Set-Cookie: plugmesh-session=x'];
      const bad = ['Server: secret', 'X-Powered-By: x', 'Clear-Site-Data: "*"', 'Content-Type: text/html'];
      second.answer = () => wireAnswer('302 Found', [...head, ...bad], 'moved');
      const { headers } = await api().get('/api/ships/').redirects(0).expect(302, 'moved');
      assert.equal(headers['location'], 'https://id.test/?a=1');
      assert.deepEqual(headers['set-cookie'], ['a=1']);
      assert.ok(headers['x-request-id']);
      for (const name of ['server', 'x-powered-by', 'clear-site-data', 'content-security-policy'])
        assert.equal(headers[name], undefined, name);
      assert.equal(plugin.requests.length, 0);
    });

    it('has its pages put in the sandbox, unless its own manifest trusts them', async () => {
      chain({ plugin: 'login' });
      login.answer = () => wireAnswer('401 No', ['Content-Type: text/html'], '<p>');
      const { headers } = await api().get('/api/ships/').expect(401);
      assert.equal(headers['content-security-policy'], 'sandbox allow-scripts');
    });

    it('leaves the connection usable, with a body or with HEAD', async () => {
      chain({ plugin: 'login' });
      login.answer = () => wireAnswer('403 No', [], 'go away');
      const post = ['POST /api/ships/ HTTP/1.1', 'Host: a', 'Content-Length: 3', '', 'abc'].join('\r\n');
      const head = ['HEAD /api/ships/ HTTP/1.1', 'Host: a', '', ''].join('\r\n');
      const { statuses, text } = await rawRequest(gateway.port, post + head + post);
      assert.deepEqual(statuses, [403, 403, 403]);
      assert.equal(text.match(/go away/g)?.length, 2);
      assert.equal(plugin.requests.length, 0);
    });

    it('ends the connection of a client that waits for 100', async () => {
      chain({ plugin: 'login' });
      login.answer = () => wireAnswer('403 No');
      const head = ['POST /api/ships/ HTTP/1.1', 'Host: a', 'Content-Length: 3', 'Expect: 100-continue'];
      const { statuses, closed } = await raw(...head);
      assert.deepEqual([statuses, closed], [[403], true]);
    });

    it('lets pages of allowed origins read it', async () => {
      chain({ plugin: 'login' });
      login.answer = () => wireAnswer('401 No', ['Vary: Cookie', 'Access-Control-Allow-Origin: *']);
      const { headers } = await api().get('/api/other/').set('Origin', 'https://page.test').expect(401);
      assert.equal(headers['access-control-allow-origin'], 'https://page.test');
      assert.equal(headers['vary'], 'Cookie, Origin');
    });

    it('may redirect to itself: nobody is asked about his own paths', async () => {
      chain({ plugin: 'login' });
      login.answer = ({ path }) =>
        path === '/check'
          ? wireAnswer('302 Found', ['Location: /api/login/'])
          : wireAnswer('200 OK', [], 'in');
      await api().get('/api/ships/').redirects(2).expect(200, 'in');
      assert.equal(login.requests.length, 2);
    });
  });

  describe('in a chain', () => {
    it('is asked in order, knows what was said before, and is not asked after an answer', async () => {
      chain({ plugin: 'login', setRequest: ['X-User'] }, { plugin: 'second', setRequest: ['X-Role'] });
      login.answer = () => wireAnswer('200 OK', ['X-User: ann', 'Set-Cookie: a=1']);
      second.answer = () => wireAnswer('200 OK', ['X-Role: admin', 'Set-Cookie: b=2']);
      const passed = await api().get('/api/ships/').expect(200);
      assert.deepEqual(valuesOf(second.last, 'x-user'), ['ann']);
      assert.deepEqual([plugin.header('x-user'), plugin.header('x-role')], [['ann'], ['admin']]);
      assert.deepEqual(passed.headers['set-cookie'], ['a=1', 'b=2']);
      second.answer = () => wireAnswer('403 No', ['Set-Cookie: c=3']);
      const refused = await api().get('/api/ships/').expect(403);
      assert.deepEqual(refused.headers['set-cookie'], ['c=3', 'a=1']);
      login.answer = () => wireAnswer('401 No');
      await api().get('/api/ships/').expect(401);
      assert.equal(second.requests.length, 2);
      assert.equal(plugin.requests.length, 1);
    });

    it('has a budget: what comes when it is spent counts as not answered', async () => {
      const short = await TestGateway.start({
        plugins: [
          { id: 'ships', urls: [plugin.url] },
          { id: 'login', urls: [login.url] },
          { id: 'second', urls: [second.url] },
        ],
        gateway: { limits: { middlewareMs: 100 } },
      });
      const rules: RuleSketch[] = [
        { plugin: 'login', timeoutMs: 60_000, onError: 'allow' },
        { plugin: 'second', timeoutMs: 60_000 },
      ];
      const { current } = short.documents;
      short.documents.change({ ...current, middleware: rules.map(sketchRule) });
      login.answer = () => false;
      await supertest(short.url).get('/api/ships/').expect(503);
      assert.deepEqual([login.requests.length, second.requests.length], [1, 0]);
      await short.stop();
    });

    it('tells its time in development mode, and in no other', async () => {
      chain({ plugin: 'login' }, { plugin: 'second' });
      second.answer = () => wireAnswer('403 No');
      const { headers } = await api().get('/api/ships/').expect(403);
      const form = /^login;dur=[\d.]+;desc="passed", second;dur=[\d.]+;desc="answered"$/;
      assert.match(String(headers['server-timing']), form);
      const production = await TestGateway.start({
        mode: 'production',
        plugins: [
          { id: 'ships', urls: [plugin.url] },
          { id: 'login', urls: [login.url] },
        ],
      });
      const { current } = production.documents;
      production.documents.change({ ...current, middleware: [sketchRule({ plugin: 'login' })] });
      const res = await supertest(production.url).get('/api/ships/').expect(200);
      assert.equal(res.headers['server-timing'], undefined);
      await production.stop();
    });
  });

  describe('is asked about', () => {
    const isAsked = async (path: string): Promise<boolean> => {
      const before = login.requests.length;
      await api().get(path);
      return login.requests.length > before;
    };

    it('everything for other plugins and for channel, and nothing that operators need', async () => {
      chain({ plugin: 'login' });
      for (const path of ['/api/ships', '/fleet/x', '/api/second/', '/socket/longpoll', '/token'])
        assert.equal(await isAsked(path), true, path);
      for (const path of ['/api/nobody/', '/mesh/plugins', '/mesh/channel/topics', '/', '/livez', '/metrics'])
        assert.equal(await isAsked(path), false, path);
    });

    it('what it names, by every name that a plugin has and in every letter case', async () => {
      chain({ plugin: 'login', match: ['/api/ships/admin/', '/api/moved', '/socket'] });
      const asked = ['/api/ships/admin', '/api/ships/Admin/x', '/fleet/admin', '/fleet/%61dmin/x'];
      for (const path of [...asked, '/api/elsewhere/x', '/socket/longpoll', '/websocket/longpoll'])
        assert.equal(await isAsked(path), true, path);
      for (const path of ['/api/ships/', '/api/ships/administration', '/fleet', '/api/other/', '/token'])
        assert.equal(await isAsked(path), false, path);
    });

    it('no call of a plugin with its token', async () => {
      chain({ plugin: 'login' });
      const token = pluginToken(loadSecrets(gateway.config), 'ships');
      await api().get('/api/other/').set('Authorization', `Bearer ${token}`).expect(200);
      assert.equal(login.requests.length, 0);
      await api().get('/api/other/').set('Authorization', `Bearer ${token}x`).expect(200);
      assert.equal(login.requests.length, 1);
    });

    it('nothing twice in a circle: what it passes on itself is refused', async () => {
      chain({ plugin: 'login', timeoutMs: 5000 });
      const seen: number[] = [];
      login.answer = (request, socket) => {
        void fetch(`${gateway.url}/api/ships/`, { headers: { via: valuesOf(request, 'via').join() } }).then(
          (res) => {
            seen.push(res.status);
            socket.write(OK);
          },
        );
        return false;
      };
      await api().get('/api/ships/').expect(200);
      assert.deepEqual(seen, [508]);
      assert.equal(login.requests.length, 1);
    });
  });
});
