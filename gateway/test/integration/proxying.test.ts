import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
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
