import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { eventually, freePort } from '@plugmesh/shared/testing';
import { WebSocket, WebSocketServer } from 'ws';
import { rawRequest } from '../support/raw-request.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { sketchDocument, type PluginSketch } from '../support/mesh.ts';
import { TestGateway } from '../support/start-gateway.ts';

/** A plugin that echoes frames and keeps the headers of handshakes. */
class EchoPlugin {
  readonly handshakes: { url: string; headers: IncomingHttpHeaders }[] = [];
  readonly #http = createServer((_req, res) => void res.end());
  readonly #sockets = new WebSocketServer({ server: this.#http });

  async start(): Promise<string> {
    this.#sockets.on('headers', (headers) =>
      headers.push('Server: secret', 'Set-Cookie: plugmesh-session=x'),
    );
    this.#sockets.on('connection', (socket, req) => {
      this.handshakes.push({ url: req.url ?? '', headers: req.headers });
      socket.on('message', (data, binary) => socket.send(data, { binary }));
    });
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  get open(): number {
    return this.#sockets.clients.size;
  }

  stop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.close();
  }
}

const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

describe('WebSockets', () => {
  const echo = new EchoPlugin();
  let url: string;
  let gateway: TestGateway;

  before(async () => {
    url = await echo.start();
    gateway = await TestGateway.start({
      services: { channel: { url } },
      plugins: [
        { id: 'echo', urls: [url], http: { corsOrigins: ['https://friend.test'] } },
        { id: 'secret', urls: [url], http: { guard: 'session' } },
        { id: 'gone', urls: [`http://127.0.0.1:${await freePort()}`] },
        { id: 'deaf', urls: [url], enabled: false },
      ],
    });
  });
  after(async () => {
    await gateway.stop();
    echo.stop();
  });

  const open = (path: string, headers: Record<string, string> = {}): WebSocket =>
    new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, { headers });
  const shake = (path: string, ...headers: string[]) =>
    rawRequest(
      gateway.port,
      [`GET ${path} HTTP/1.1`, 'Host: mesh.test', ...HANDSHAKE, ...headers, '', ''].join('\r\n'),
    );

  it('carries frames both ways and strips the prefix', async () => {
    const socket = open('/api/echo/live?x=1', {
      'X-Plugmesh-User': 'root',
      Cookie: 'a=1; plugmesh-session=s',
    });
    // Both come in the same turn.
    const [[answer]] = (await Promise.all([once(socket, 'upgrade'), once(socket, 'open')])) as [
      [{ headers: IncomingHttpHeaders }],
      unknown,
    ];
    socket.send('hello');
    assert.equal(String((await once(socket, 'message'))[0]), 'hello');
    socket.send(Buffer.alloc(1_000_000, 1));
    const [data] = (await once(socket, 'message')) as [Buffer];
    assert.equal(data.length, 1_000_000);
    const { url: seen, headers } = echo.handshakes.at(-1)!;
    assert.equal(seen, '/live?x=1');
    assert.equal(headers['x-plugmesh-user'], undefined);
    assert.equal(headers.cookie, 'a=1');
    assert.equal(headers['x-forwarded-host'], `127.0.0.1:${gateway.port}`);
    assert.equal(answer.headers.server, undefined);
    assert.equal(answer.headers['set-cookie'], undefined);
    socket.terminate();
    await eventually(() => echo.open === 0);
  });

  it('leads /socket and /websocket to the channel service, whole', async () => {
    for (const path of ['/socket/websocket?vsn=2.0.0', '/websocket']) {
      const socket = open(path);
      await once(socket, 'open');
      assert.equal(echo.handshakes.at(-1)!.url, path);
      socket.terminate();
    }
  });

  for (const [name, path, header, status] of [
    ['an unknown plugin', '/api/nobody/', 'X-A: 1', 404],
    ['a page', '/', 'X-A: 1', 404],
    ['a guarded plugin', '/api/secret/', 'X-A: 1', 401],
    ['a disabled plugin', '/api/deaf/', 'X-A: 1', 503],
    ['a plugin that does not listen', '/api/gone/', 'X-A: 1', 503],
    ['another origin', '/api/echo/', 'Origin: https://evil.test', 403],
    ['an opaque origin', '/api/echo/', 'Origin: null', 403],
    ['a path with dots', '/api/echo/../secret/', 'X-A: 1', 400],
    ['a body', '/api/echo/', 'Content-Length: 5', 400],
    ['a loop', '/api/echo/', 'Via: 1.1 plugmesh', 508],
  ] as const) {
    it(`answers ${status} to a handshake with ${name}, and closes`, async () => {
      const before = echo.handshakes.length;
      const answer = await shake(path, header);
      assert.equal(answer.status, status, answer.text);
      assert.ok(answer.closed);
      assert.match(answer.text, /application\/problem\+json/);
      assert.equal(echo.handshakes.length, before);
    });
  }

  it('lets the own origin and allowed origins in', async () => {
    for (const origin of ['http://mesh.test', 'https://friend.test']) {
      assert.equal((await shake('/api/echo/', `Origin: ${origin}`)).status, 101);
    }
  });

  it('leaves the origins of /socket to the channel service, with all it needs to judge them', async () => {
    await shake('/socket/websocket', 'Origin: https://other.test');
    const { headers } = echo.handshakes.at(-1)!;
    assert.deepEqual([headers.origin, headers['x-forwarded-host']], ['https://other.test', 'mesh.test']);
  });

  it("passes the instance's own refusal on and closes", async () => {
    const answer = await rawRequest(
      gateway.port,
      ['GET /api/echo/ HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', '', ''].join(
        '\r\n',
      ),
    );
    assert.equal(answer.status, 400);
    assert.ok(answer.closed);
  });

  describe('with an instance that answers like a page', () => {
    let upstream: RecordingUpstream;
    let strange: TestGateway;
    before(async () => {
      upstream = await RecordingUpstream.start();
      strange = await TestGateway.start({ plugins: [{ id: 'page', urls: [upstream.url] }] });
    });
    after(async () => {
      await strange.stop();
      await upstream.stop();
    });
    const handshake = ['GET /api/page/ HTTP/1.1', 'Host: a', ...HANDSHAKE, '', ''].join('\r\n');

    it('ends the connection even when the client keeps its half open', async () => {
      upstream.answer = () => 'HTTP/1.1 200 Yes\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok';
      const client = connect({ port: strange.port, host: '127.0.0.1', allowHalfOpen: true });
      client.on('error', () => undefined);
      let text = '';
      client.on('data', (chunk) => (text += String(chunk)));
      client.write(handshake);
      await once(client, 'end');
      assert.match(text, /^HTTP\/1\.1 200 \r\n[^]*content-security-policy: sandbox[^]*\r\n\r\nok$/);
      // The gateway has let go of it when writing fails.
      await eventually(() => client.destroyed || !client.write('x'), { timeoutMs: 5000 });
    });

    for (const status of ['999', '099', '600']) {
      it(`answers 502 in place of the status ${status}`, async () => {
        upstream.answer = () => `HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`;
        const answer = await rawRequest(strange.port, handshake);
        assert.deepEqual(answer.statuses, [502]);
        assert.match(answer.body, /MESH_UPSTREAM_FAILED/);
      });
    }

    it('does not wait for a handshake that nobody answers when it drains', async () => {
      const leaving = await TestGateway.start({ plugins: [{ id: 'page', urls: [upstream.url] }] });
      let released = false;
      upstream.answer = (_request, socket) => {
        socket.once('close', () => (released = true));
        return false;
      };
      const before = upstream.requests.length;
      const client = connect(leaving.port, '127.0.0.1');
      client.on('error', () => undefined).write(handshake);
      await eventually(() => upstream.requests.length > before);
      const startedAt = performance.now();
      await leaving.stop();
      assert.ok(performance.now() - startedAt < 3000);
      await eventually(() => released);
    });

    it('puts no second answer behind one that breaks off', async () => {
      upstream.answer = () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n';
      const answer = await rawRequest(strange.port, handshake);
      assert.ok(answer.statuses.length < 2, answer.text);
      assert.ok(answer.closed);
    });
  });

  it('keeps sockets of unchanged plugins open, whatever else changes in the mesh', async () => {
    const other = await RecordingUpstream.start();
    const same: PluginSketch = { id: 'echo', urls: [url] };
    const changes: readonly (readonly PluginSketch[])[] = [
      [same, { id: 'new', urls: [other.url] }],
      [{ id: 'new', urls: [other.url, 'http://127.0.0.1:1'] }, same],
      [same, { id: 'new', urls: [], state: 'unready' }],
      [same, { id: 'new', enabled: false, state: 'disabled' }],
      [same],
      // Its own: another instance beside, and other rules.
      [{ ...same, urls: [other.url, url] }],
      [{ ...same, urls: [url, other.url], http: { timeoutMs: 50, guard: 'admin' } }],
      [same],
    ];
    const socket = open('/api/echo/');
    await once(socket, 'open');
    for (const [n, plugins] of changes.entries()) {
      gateway.documents.change(sketchDocument(plugins));
      socket.send(`still here ${n}`);
      assert.equal(String((await once(socket, 'message'))[0]), `still here ${n}`);
    }
    gateway.documents.connected = false;
    socket.send('without Redis');
    assert.equal(String((await once(socket, 'message'))[0]), 'without Redis');
    gateway.documents.connected = true;
    socket.terminate();
    await other.stop();
  });

  it('closes the client when the instance goes away, and the other way round', async () => {
    const first = open('/api/echo/');
    await once(first, 'open');
    const closed = once(first, 'close');
    echo.stop();
    await closed;
  });
});
