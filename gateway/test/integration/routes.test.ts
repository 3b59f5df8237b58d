import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { operatorToken, loadSecrets, pluginToken } from '@plugmesh/shared/identity';
import { eventually } from '@plugmesh/shared/testing';
import supertest from 'supertest';
import { sketchDocument } from '../support/mesh.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { TestGateway } from '../support/start-gateway.ts';

interface Problem {
  readonly code: string;
  readonly fix?: string;
  readonly plugin?: string;
}

describe('routes and what is around them', () => {
  const upstream = new RecordingUpstream();
  const channel = new RecordingUpstream();
  let gateway: TestGateway;

  before(async () => {
    await Promise.all([upstream.listen(0), channel.listen(0)]);
    gateway = await TestGateway.start({
      services: { control: { url: upstream.url }, channel: { url: channel.url } },
      plugins: [
        { id: 'weather', urls: [upstream.url], http: { corsOrigins: ['https://friend.test'] } },
        {
          id: 'private',
          urls: [upstream.url],
          http: { guard: 'session', routes: [{ path: '/open', guard: 'public' }] },
        },
        { id: 'off', urls: [upstream.url], enabled: false },
        { id: 'wrong', state: 'invalid', reason: 'plugin.json:1:1 unknown field' },
        { id: 'whole', urls: [upstream.url], http: { stripPrefix: false } },
      ],
      gateway: {
        trustedProxies: ['127.0.0.2/32', '10.0.0.0/8'],
        cors: {
          origins: ['https://app.test'],
          credentials: true,
          methods: ['GET', 'PUT'],
          headers: ['X-A'],
          maxAgeMs: 60_000,
        },
      },
    });
  });
  after(async () => {
    await gateway.stop();
    await Promise.all([upstream.stop(), channel.stop()]);
  });

  const api = (): ReturnType<typeof supertest> => supertest(gateway.url);

  it('names the nearest plugin when there is none of that name', async () => {
    const { body } = await api().get('/api/wether/x').expect(404);
    assert.equal((body as Problem).code, 'MESH_PLUGIN_UNKNOWN');
    assert.match((body as Problem).fix ?? '', /'weather'/);
    assert.equal(((await api().get('/api/zzzzzzzz/')).body as Problem).fix, undefined);
  });

  it('answers 401 to every path under a guarded prefix, known or not, and lets open routes through', async () => {
    for (const path of ['/api/private', '/api/private/', '/api/private/no/such']) {
      const res = await api().get(path).expect(401);
      assert.equal((res.body as Problem).code, 'MESH_UNAUTHORIZED');
      assert.ok(res.headers['www-authenticate']);
    }
    await api().get('/api/private/open').expect(200, 'ok');
  });

  it('answers 503 for plugins that are disabled or invalid', async () => {
    for (const id of ['off', 'wrong']) {
      const { body, headers } = await api().get(`/api/${id}/`).expect(503);
      assert.deepEqual([(body as Problem).code, (body as Problem).plugin], ['MESH_PLUGIN_UNAVAILABLE', id]);
      assert.ok(headers['retry-after']);
    }
  });

  it('leads /mesh and /token to their services with the credentials, the whole path and no guard', async () => {
    await api().get('/mesh/plugins?x=1').set('Authorization', 'Bearer t').expect(200);
    assert.equal(upstream.last.path, '/mesh/plugins?x=1');
    assert.deepEqual(upstream.header('authorization'), ['Bearer t']);
    for (const path of ['/mesh/channels', '/mesh/chan', '/mesh']) {
      await api().get(path).expect(200);
      assert.equal(upstream.last.path, path);
    }
    await api().post('/token').expect(200);
    assert.equal(channel.last.path, '/token');
    for (const path of ['/mesh/channel/topics?prefix=a:', '/mesh/channel']) {
      await api().get(path).set('Authorization', 'Bearer t').expect(200);
      assert.equal(channel.last.path, path);
      assert.deepEqual(channel.header('authorization'), ['Bearer t']);
    }
  });

  it("keeps the mesh's own tokens from plugins, and passes the plugin's", async () => {
    const secrets = loadSecrets(gateway.config);
    for (const token of [operatorToken(secrets), pluginToken(secrets, 'weather')]) {
      await api().get('/api/weather/').set('Authorization', `Bearer ${token}`);
      assert.deepEqual(upstream.header('authorization'), []);
    }
    await api().get('/api/weather/').set('Authorization', 'Basic abc');
    assert.deepEqual(upstream.header('authorization'), ['Basic abc']);
  });

  it('keeps the prefix when a plugin wants it', async () => {
    await api().get('/api/whole/x').expect(200);
    assert.equal(upstream.last.path, '/api/whole/x');
    assert.deepEqual(upstream.header('x-forwarded-prefix'), []);
  });

  it('puts the path that a trusted proxy has taken away before its own prefix', async () => {
    const prefixSeen = async (path: string, localAddress: string): Promise<string[]> => {
      const headers = { 'x-forwarded-prefix': '/live' };
      const sent = request(`${gateway.url}${path}`, { localAddress, headers, agent: false }).end();
      ((await once(sent, 'response')) as [IncomingMessage])[0].resume();
      return upstream.header('x-forwarded-prefix');
    };
    assert.deepEqual(await prefixSeen('/api/weather/', '127.0.0.2'), ['/live/api/weather']);
    assert.deepEqual(await prefixSeen('/api/whole/', '127.0.0.2'), ['/live']);
    assert.deepEqual(await prefixSeen('/mesh/plugins', '127.0.0.2'), ['/live']);
    assert.deepEqual(await prefixSeen('/api/weather/', '127.0.0.1'), ['/api/weather']);
  });

  it('answers 400 to a range or condition that a page cannot meet', async () => {
    await api().get('/').set('Range', 'bytes=9999999-').expect(400);
    await api().get('/page/phoenix.mjs').set('If-Match', '"x"').expect(400);
  });

  it('serves its page, its files and problem documents for what is not there', async () => {
    const page = await api().get('/').expect(200);
    assert.match(page.text, /<!doctype html>/i);
    assert.equal(page.headers['x-powered-by'], undefined);
    await api()
      .get('/page/app.js')
      .expect(200)
      .expect('content-type', /javascript/);
    await api()
      .get('/page/phoenix.mjs')
      .expect(200)
      .expect('content-type', /javascript/);
    for (const path of ['/nothing', '/page/nothing.js', '/page/', '/api', '/api/']) {
      const { body } = await api().get(path).expect(404);
      assert.match((body as Problem).code, /^MESH_(?:NOT_FOUND|PLUGIN_UNKNOWN)$/);
    }
  });

  it('follows the document: plugins come, move and go within a second, without a restart', async () => {
    const other = await RecordingUpstream.start();
    const { current } = gateway.documents;
    await api().get('/api/late/').expect(404);
    gateway.documents.change(
      sketchDocument([{ id: 'late', urls: [upstream.url], http: { aliases: ['/l'] } }]),
    );
    await api().get('/l/x').expect(200);
    gateway.documents.change(sketchDocument([{ id: 'late', urls: [other.url] }]));
    await api().get('/api/late/moved').expect(200);
    assert.equal(other.last.path, '/moved');
    await api().get('/l/x').expect(404);
    gateway.documents.change(current);
    await api().get('/api/late/').expect(404);
    await other.stop();
  });

  describe('CORS', () => {
    const preflight = (path: string, origin: string) =>
      api().options(path).set('Origin', origin).set('Access-Control-Request-Method', 'PUT');

    it('answers preflights itself, before guards, for exact origins', async () => {
      const asked = upstream.requests.length;
      const res = await preflight('/api/private/', 'https://app.test').expect(204);
      assert.equal(res.headers['access-control-allow-origin'], 'https://app.test');
      assert.equal(res.headers['access-control-allow-methods'], 'GET, PUT');
      assert.equal(res.headers['access-control-allow-headers'], 'X-A');
      assert.equal(res.headers['access-control-allow-credentials'], 'true');
      assert.equal(res.headers['access-control-max-age'], '60');
      assert.match(res.headers['vary'] ?? '', /Origin/);
      assert.equal(upstream.requests.length, asked);
    });

    it('says nothing to other origins, look-alikes included', async () => {
      for (const origin of ['https://app.test.evil.test', 'http://app.test', 'https://APP.test', 'null']) {
        const res = await preflight('/api/private/', origin).expect(204);
        assert.equal(res.headers['access-control-allow-origin'], undefined, origin);
        assert.match(res.headers['vary'] ?? '', /Origin/);
      }
    });

    it("prefers a plugin's own origins", async () => {
      const own = await api().get('/api/weather/').set('Origin', 'https://friend.test').expect(200);
      assert.equal(own.headers['access-control-allow-origin'], 'https://friend.test');
      const global = await api().get('/api/weather/').set('Origin', 'https://app.test').expect(200);
      assert.equal(global.headers['access-control-allow-origin'], undefined);
    });

    it('keeps its headers on errors and joins Vary with the answer of the plugin', async () => {
      const refused = await api().get('/api/private/').set('Origin', 'https://app.test').expect(401);
      assert.equal(refused.headers['access-control-allow-origin'], 'https://app.test');
      upstream.answer = () => 'HTTP/1.1 200 OK\r\nVary: Accept\r\nContent-Length: 0\r\n\r\n';
      const res = await api().get('/api/weather/').set('Origin', 'https://friend.test');
      upstream.answer = () => undefined;
      assert.equal(res.headers['vary'], 'Accept, Origin');
    });

    it('allows all names below a domain, credentials and WebSockets included, and no look-alikes', async () => {
      const domain = await TestGateway.start({
        plugins: [
          { id: 'p', urls: [upstream.url], http: { corsOrigins: ['https://*.friend.test'] } },
          { id: 'q', urls: [upstream.url] },
        ],
        gateway: { cors: { ...gateway.config.gateway.cors, credentials: true } },
      });
      const ask = (path: string, origin: string) => supertest(domain.url).get(path).set('Origin', origin);
      const allowed = await ask('/api/p/', 'https://a.b.friend.test');
      assert.equal(allowed.headers['access-control-allow-origin'], 'https://a.b.friend.test');
      assert.equal(allowed.headers['access-control-allow-credentials'], 'true');
      for (const origin of [
        'https://evilfriend.test',
        'https://friend.test',
        'https://a.friend.test.evil.test',
      ]) {
        const refused = await ask('/api/p/', origin);
        assert.equal(refused.headers['access-control-allow-origin'], undefined, origin);
        const socket = ask('/api/p/', origin).set({ Connection: 'Upgrade', Upgrade: 'websocket' });
        await socket.expect(403);
      }
      const other = await ask('/api/q/', 'https://a.friend.test');
      assert.equal(other.headers['access-control-allow-origin'], undefined);
      await domain.stop();
    });

    it('never sends * with credentials', async () => {
      const open = await TestGateway.start({
        plugins: [{ id: 'p', urls: [upstream.url], http: { corsOrigins: ['*'] } }],
        gateway: { cors: { ...gateway.config.gateway.cors, credentials: true } },
      });
      const res = await supertest(open.url).get('/api/p/').set('Origin', 'https://any.test');
      assert.equal(res.headers['access-control-allow-origin'], '*');
      assert.equal(res.headers['access-control-allow-credentials'], undefined);
      await open.stop();
    });
  });

  describe('the channel service', () => {
    let channel: RecordingUpstream;
    let mesh: TestGateway;
    before(async () => {
      channel = await RecordingUpstream.start();
      mesh = await TestGateway.start({
        services: { channel: { url: channel.url } },
        gateway: { limits: { inFlight: 2, pending: 1 } },
      });
    });
    after(async () => {
      await mesh.stop();
      await channel.stop();
    });

    it('says itself which pages may read it, preflights included', async () => {
      channel.answer = () =>
        'HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://page.test\r\nContent-Length: 0\r\n\r\n';
      for (const method of ['options', 'get', 'post'] as const) {
        const request = supertest(mesh.url)[method]('/socket/longpoll?vsn=2.0.0');
        const res = await request
          .set('Origin', 'https://page.test')
          .set('Access-Control-Request-Method', 'GET')
          .expect(200);
        assert.equal(res.headers['access-control-allow-origin'], 'https://page.test');
        assert.equal(channel.last.method, method.toUpperCase());
        assert.equal(channel.last.path, '/socket/longpoll?vsn=2.0.0');
      }
    });

    it('may let any number of polls wait', async () => {
      const before = channel.requests.length;
      const waiting: Socket[] = [];
      channel.answer = (_, socket) => {
        waiting.push(socket);
        return false;
      };
      const polls = [...Array(8)].map(() => fetch(`${mesh.url}/socket/longpoll`));
      await eventually(() => channel.requests.length === before + 8);
      for (const socket of waiting) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      for (const poll of polls) assert.equal((await poll).status, 200);
    });
  });

  describe('probes', () => {
    it('answers /livez and /readyz, which says when Redis is away', async () => {
      await api().get('/livez').expect(200, { state: 'live' });
      await api().get('/readyz').expect(200, { state: 'ready' });
      gateway.documents.connected = false;
      await api().get('/readyz').expect(200, { state: 'degraded' });
      gateway.documents.connected = true;
    });

    it('shows metrics to the operator', async () => {
      const token = operatorToken(loadSecrets(gateway.config));
      await eventually(async () => {
        const { text } = await api().get('/metrics').set('Authorization', `Bearer ${token}`).expect(200);
        assert.match(text, /plugmesh_gateway_requests_total\{plugin="weather",status="2xx",pid="\d+"\} \d/);
        assert.match(text, /plugmesh_gateway_refusals_total\{code="MESH_UNAUTHORIZED"/);
        return true;
      });
    });

    it('shows metrics to nobody else, not even on this machine', async () => {
      await api().get('/metrics').expect(401);
      await api().get('/metrics').set('Authorization', 'Bearer operator.forged').expect(401);
    });
  });

  it('tells why a plugin is closed in development only when it is asked for', async () => {
    const { body } = await api().get('/api/wrong/').expect(503);
    assert.match(String((body as { detail?: string }).detail), /invalid/);
  });
});
