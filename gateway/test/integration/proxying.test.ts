import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { failing, pluginFailure } from '@plugmesh/shared/mesh-document';
import { eventually, freePort } from '@plugmesh/shared/testing';
import supertest from 'supertest';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { rawRequest } from '../support/raw-request.ts';
import { TestGateway } from '../support/start-gateway.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/** An ordinary plugin whose behaviour the test sets. */
class Plugin {
  handler: Handler = (_req, res) => void res.end('ok');
  readonly server: Server = createServer((req, res) => {
    if (req.url === '/healthz') res.end();
    else this.handler(req, res);
  });

  async start(port = 0): Promise<string> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

interface Problem {
  readonly code: string;
  readonly plugin: string;
  readonly requestId: string;
  readonly reason?: string;
  readonly failure?: object;
  readonly fix?: string;
}

/** A route whose answers have at most 1,000 bytes. */
const SHORT = { path: '/short', guard: 'public', maxResponse: 1000 } as const;

describe('proxying', () => {
  const plugin = new Plugin();
  let url: string;
  let gateway: TestGateway;

  before(async () => {
    url = await plugin.start();
    gateway = await TestGateway.start({
      plugins: [{ id: 'p', urls: [url], http: { timeoutMs: 400, routes: [SHORT] } }],
    });
  });
  after(async () => {
    await gateway.stop();
    await plugin.stop();
  });
  beforeEach(() => (plugin.handler = (_req, res) => void res.end('ok')));

  const at = (path: string): string => `${gateway.url}/api/p${path}`;

  describe('streaming', () => {
    it('passes the first byte of an answer on before the upstream has sent its last', async () => {
      let finish = (): void => undefined;
      plugin.handler = (_req, res) => {
        res.write('first');
        finish = () => void res.end('last');
      };
      const res = await fetch(at('/'));
      const reader = res.body!.pipeThrough(new TextDecoderStream()).getReader();
      assert.equal((await reader.read()).value, 'first');
      finish();
      assert.equal((await reader.read()).value, 'last');
    });

    it('passes the first byte of a body on before the client has sent its last', async () => {
      const arrived = new Promise<string>((resolve) => {
        plugin.handler = (req, res) => {
          req.once('data', (chunk: Buffer) => resolve(chunk.toString()));
          req.on('end', () => res.end('done'));
        };
      });
      const req = request(at('/'), { method: 'POST' });
      req.write('first');
      assert.equal(await arrived, 'first');
      req.end('last');
      const [res] = (await once(req, 'response')) as [IncomingMessage];
      res.resume();
      assert.equal(res.statusCode, 200);
    });

    it('leaves silent event streams open beyond every deadline, and closes them upstream with the client', async () => {
      let closed = false;
      let send = (): void => undefined;
      plugin.handler = (_req, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.write('data: 1\n\n');
        send = () => void res.write('data: 2\n\n');
        res.on('close', () => (closed = true));
      };
      const abort = new AbortController();
      const res = await fetch(at('/'), { signal: abort.signal });
      const reader = res.body!.pipeThrough(new TextDecoderStream()).getReader();
      assert.equal((await reader.read()).value, 'data: 1\n\n');
      // Longer than the plugin's deadline of 400 ms: the silence itself is what is tested.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      send();
      assert.equal((await reader.read()).value, 'data: 2\n\n');
      abort.abort();
      await eventually(() => closed);
    });

    for (const [method, body] of [
      ['GET', undefined],
      ['POST', 'x'],
    ] as const) {
      it(`refuses an answer to ${method} that is longer than the route allows, or cuts it when it did not say so`, async () => {
        const ask = () => fetch(at('/short'), { method, ...(body && { body }) });
        plugin.handler = (_req, res) => void res.end('x'.repeat(1000));
        assert.equal((await (await ask()).text()).length, 1000);
        plugin.handler = (_req, res) => void res.end('x'.repeat(1001));
        const refused = await ask();
        assert.equal(refused.status, 502);
        assert.equal(((await refused.json()) as Problem).code, 'MESH_RESPONSE_TOO_LARGE');
        plugin.handler = (_req, res) => {
          res.write('x'.repeat(600));
          res.end('x'.repeat(600));
        };
        await assert.rejects(async () => (await ask()).text());
        plugin.handler = (_req, res) => {
          res.writeHead(200, { 'content-length': 5000 });
          res.end();
        };
        assert.equal((await fetch(at('/short'), { method: 'HEAD' })).headers.get('content-length'), '5000');
        plugin.handler = (_req, res) => {
          res.writeHead(200, { 'content-type': 'text/event-stream' });
          res.end('x'.repeat(1200));
        };
        assert.equal((await (await ask()).text()).length, 1200);
      });
    }
  });

  describe('an upstream in trouble', () => {
    const broken = new RecordingUpstream();
    let port: number;

    before(async () => {
      await broken.listen(0);
      port = broken.port;
      gateway.documents.change({
        ...gateway.documents.current,
        plugins: [
          ...gateway.documents.current.plugins,
          {
            ...gateway.documents.current.plugins[0]!,
            id: 'broken',
            http: { ...gateway.documents.current.plugins[0]!.http, prefix: '/api/broken' },
            instances: [{ id: 'broken-0', url: `http://127.0.0.1:${port}`, state: 'ready' }],
          },
        ],
      });
    });
    after(() => broken.stop());

    for (const [name, words] of Object.entries({
      'what is not HTTP': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
      'a status of zero': 'HTTP/1.1 000 x\r\nContent-Length: 0\r\n\r\n',
      'a status out of range': 'HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n',
      '101 that nobody asked for':
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc',
      'length and chunks':
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'a header without end': `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(40_000)}`,
      'a broken header': 'HTTP/1.1 200 OK\r\nX A: b\r\n\r\n',
      'half a head': 'HTTP/1.1 200 OK\r\nX-A',
    })) {
      it(`answers 502 to ${name}`, async () => {
        broken.answer = (_request, socket) => {
          socket.end(words, 'latin1');
          return false;
        };
        const res = await supertest(gateway.url).post('/api/broken/').send('x');
        const problem = res.body as Problem;
        assert.equal(res.status, 502);
        assert.deepEqual([problem.code, problem.plugin], ['MESH_UPSTREAM_FAILED', 'broken']);
        assert.equal(res.headers['x-request-id'], problem.requestId);
      });
    }

    it('passes odd but harmless heads on', async () => {
      broken.answer = () => 'HTTP/1.1 200 \x7f\x80\r\nX-\xc3: 1\r\nX-B: \xff\r\nContent-Length: 2\r\n\r\nok';
      const answer = await rawRequest(gateway.port, 'GET /api/broken/ HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.ok([200, 502].includes(answer.status), answer.text);
    });

    it('cuts an answer that the upstream cut, so that half does not look whole', async () => {
      broken.answer = (_request, socket) => {
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
        return false;
      };
      const res = await fetch(`${gateway.url}/api/broken/`);
      await assert.rejects(res.text());
    });

    it('answers 504 when the head does not come in time, and lets the upstream connection go', async () => {
      let closed = false;
      broken.answer = (_request, socket) => {
        socket.on('close', () => (closed = true));
        return false;
      };
      const res = await supertest(gateway.url).get('/api/broken/');
      assert.equal(res.status, 504);
      assert.equal((res.body as Problem).code, 'MESH_UPSTREAM_TIMEOUT');
      await eventually(() => closed);
    });

    it('cuts an answer that stops moving', async () => {
      broken.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf';
      const res = await fetch(`${gateway.url}/api/broken/`);
      await assert.rejects(res.text());
    });

    it('answers 503 with Retry-After when nothing listens, and works again as soon as it does', async () => {
      await broken.stop();
      const res = await supertest(gateway.url).get('/api/broken/');
      assert.equal(res.status, 503);
      assert.equal((res.body as Problem).code, 'MESH_PLUGIN_UNAVAILABLE');
      assert.ok(Number(res.headers['retry-after']) > 0);
      assert.match((res.body as Problem).reason ?? '', /ECONNREFUSED/);
      const again = new RecordingUpstream();
      await again.listen(port);
      await supertest(gateway.url).get('/api/broken/').expect(200, 'ok');
      await again.stop();
    });

    it('keeps other plugins answering meanwhile', () =>
      supertest(gateway.url).get('/api/p/').expect(200, 'ok'));
  });

  const said = failing(
    pluginFailure('MESH_PLUGIN_EXITED', 'it ended', { lines: ['no key'], fix: 'set KEY' }),
  );

  it('tells in development what the mesh says of a plugin that is not there, and what to do', async () => {
    const development = await TestGateway.start({
      plugins: [{ id: 'gone', state: 'unready', urls: [], ...said }],
    });
    const { body } = await supertest(development.url).get('/api/gone/').expect(503);
    const { code, reason, failure, fix } = body as Problem;
    assert.deepEqual(
      { code, reason, failure, fix },
      { code: 'MESH_PLUGIN_UNAVAILABLE', ...said, fix: 'set KEY' },
    );
    await development.stop();
  });

  it('tells no reason in production', async () => {
    const production = await TestGateway.start({
      mode: 'production',
      plugins: [{ id: 'gone', urls: [`http://127.0.0.1:${await freePort()}`], ...said }],
    });
    const res = await supertest(production.url).get('/api/gone/').expect(503);
    assert.equal((res.body as Problem).reason, undefined);
    assert.doesNotMatch(res.text, /127\.0\.0\.1|ECONN|no key|set KEY/);
    await production.stop();
  });

  describe('retries', () => {
    it('repeats a GET once when a kept connection had gone stale', async () => {
      const upstream = await RecordingUpstream.start();
      const one = await TestGateway.start({ plugins: [{ id: 'u', urls: [upstream.url] }] });
      await supertest(one.url).get('/api/u/').expect(200);
      // Closes at the moment the second request arrives, as a keep-alive timeout that crosses it does.
      upstream.answer = ({ connection }, socket) => {
        if (connection !== first) return undefined;
        socket.destroy();
        return false;
      };
      const first = upstream.last.connection;
      await supertest(one.url).get('/api/u/2').expect(200);
      assert.deepEqual(
        upstream.requests.map(({ path }) => path),
        ['/', '/2', '/2'],
      );
      await one.stop();
      await upstream.stop();
    });

    it('never repeats a POST, nor a GET on a fresh connection to the only instance', async () => {
      const upstream = await RecordingUpstream.start();
      const one = await TestGateway.start({ plugins: [{ id: 'u', urls: [upstream.url] }] });
      upstream.answer = (_request, socket) => {
        socket.destroy();
        return false;
      };
      await supertest(one.url).get('/api/u/').expect(502);
      assert.equal(upstream.requests.length, 1);
      await supertest(one.url).post('/api/u/').expect(502);
      assert.equal(upstream.requests.length, 2);
      await one.stop();
      await upstream.stop();
    });

    it('moves to another instance when one cannot be reached, and leaves it out from then on', async () => {
      const upstream = await RecordingUpstream.start();
      const dead = `http://127.0.0.1:${await freePort()}`;
      const two = await TestGateway.start({ plugins: [{ id: 'u', urls: [dead, upstream.url] }] });
      for (let n = 0; n < 30; n++) await supertest(two.url).post('/api/u/').expect(200);
      assert.equal(upstream.requests.length, 30);
      await two.stop();
      await upstream.stop();
    });
  });

  it('cuts off one client, and nobody else, when it fails itself', async () => {
    gateway.access.follow = () => {
      throw new Error('a fault of the gateway');
    };
    plugin.handler = (_req, res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).end();
    try {
      await assert.rejects(fetch(at('/bodyless')));
      await assert.rejects(fetch(at('/body'), { method: 'POST', body: 'x' }));
    } finally {
      Reflect.deleteProperty(gateway.access, 'follow');
    }
    assert.equal((await fetch(at('/later'))).status, 200);
  });

  it('queues beyond the places of an instance and refuses beyond the queue', async () => {
    const open: ServerResponse[] = [];
    plugin.handler = (_req, res) => void open.push(res);
    const small = await TestGateway.start({
      plugins: [{ id: 'p', urls: [url] }],
      gateway: { limits: { inFlight: 1, pending: 1 } },
    });
    const first = fetch(`${small.url}/api/p/1`);
    await eventually(() => open.length === 1);
    const second = fetch(`${small.url}/api/p/2`);
    const third = await eventually(async () => {
      const res = await fetch(`${small.url}/api/p/3`, { signal: AbortSignal.timeout(200) }).catch(
        () => undefined,
      );
      return res?.status === 503 ? res : undefined;
    });
    assert.equal(((await third.json()) as Problem).code, 'MESH_OVERLOADED');
    assert.ok(Number(third.headers.get('retry-after')) > 0);
    open.shift()?.end('1');
    assert.equal(await (await first).text(), '1');
    await eventually(() => open.length === 1);
    open.shift()?.end('2');
    assert.equal(await (await second).text(), '2');
    await small.stop();
  });

  it('lets the upstream go when the client leaves', async () => {
    let left = false;
    const asked = new Promise<void>((resolve) => {
      plugin.handler = (_req, res) => {
        res.on('close', () => (left = true));
        resolve();
      };
    });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('GET /api/p/ HTTP/1.1\r\nHost: a\r\n\r\n');
    await asked;
    socket.destroy();
    await eventually(() => left);
  });

  it('answers HEAD, 204 and 304 without a body and keeps the connection', async () => {
    plugin.handler = (req, res) => {
      const status = Number(req.url?.slice(1)) || 200;
      res.writeHead(status, status === 200 ? { 'content-length': 5 } : {}).end();
    };
    const head = 'HEAD /api/p/ HTTP/1.1\r\nHost: a\r\n\r\n';
    const gets = ['204', '304'].map((status) => `GET /api/p/${status} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const answer = await rawRequest(gateway.port, head + gets.join(''));
    assert.deepEqual(answer.statuses, [200, 204, 304]);
    assert.match(answer.text, /content-length: 5/);
    assert.equal(answer.closed, false);
  });

  it('sandboxes documents of plugins, unless they are trusted', async () => {
    const types: Record<string, boolean> = {
      'text/html; charset=utf-8': true,
      'image/svg+xml': true,
      'application/rss+xml': true,
      'text/plain, text/html': true,
      'multipart/x-mixed-replace; boundary=b': true,
      'no type': true,
      'unknown/unknown': true,
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document': false,
      'application/json': false,
      'text/event-stream': false,
    };
    for (const [type, sandboxed] of Object.entries(types)) {
      plugin.handler = (_req, res) =>
        void res.writeHead(200, { 'content-type': type, 'content-security-policy': "img-src 'none'" }).end();
      const policy = (await fetch(at('/'))).headers.get('content-security-policy') ?? '';
      assert.equal(policy.includes('sandbox allow-scripts'), sandboxed, type);
      assert.ok(policy.startsWith("img-src 'none'"));
    }
  });

  it('finishes open requests when it drains, and takes no new connections', async () => {
    let finish = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      plugin.handler = (_req, res) => {
        finish = () => void res.end('whole');
        resolve();
      };
    });
    const leaving = await TestGateway.start({ plugins: [{ id: 'p', urls: [url] }] });
    const answer = fetch(`${leaving.url}/api/p/`);
    await asked;
    const stopped = leaving.stop();
    await assert.rejects(fetch(`${leaving.url}/api/p/`));
    finish();
    const res = await answer;
    assert.equal(await res.text(), 'whole');
    assert.equal(res.headers.get('connection'), 'close');
    await stopped;
  });

  it('says who holds it up when its port is taken', async () => {
    const holder = createTcpServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    await assert.rejects(TestGateway.start({ gateway: { port } }), { code: 'MESH_PORT_TAKEN' });
    holder.close();
  });
});
