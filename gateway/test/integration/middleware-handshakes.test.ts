import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { sketchRule, valuesOf, wireAnswer, type RuleSketch } from '../support/forward-auth.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { rawRequest, type RawAnswer } from '../support/raw-request.ts';
import { TestGateway } from '../support/start-gateway.ts';

const HANDSHAKE = [
  'Host: a',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

describe('middleware and WebSockets', () => {
  const login = new RecordingUpstream();
  const http = createServer((_req, res) => void res.end());
  const sockets = new WebSocketServer({ server: http });
  const handshakes: IncomingHttpHeaders[] = [];
  let gateway: TestGateway;

  before(async () => {
    sockets.on('headers', (headers) => headers.push('Set-Cookie: b=2'));
    sockets.on('connection', (socket, { headers }) => {
      handshakes.push(headers);
      socket.on('message', (data, binary) => socket.send(data, { binary }));
    });
    http.listen(0, '127.0.0.1');
    await Promise.all([once(http, 'listening'), login.listen(0)]);
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    gateway = await TestGateway.start({
      services: { channel: { url } },
      plugins: [
        { id: 'echo', urls: [url] },
        { id: 'login', urls: [login.url] },
      ],
    });
  });
  after(async () => {
    for (const socket of sockets.clients) socket.terminate();
    await gateway.stop();
    http.close();
    await login.stop();
  });
  beforeEach(() => {
    handshakes.length = login.requests.length = 0;
  });

  const chain = (...rules: RuleSketch[]): void => {
    const { current } = gateway.documents;
    gateway.documents.change({ ...current, middleware: rules.map(sketchRule) });
  };
  const shake = (path: string): Promise<RawAnswer> =>
    rawRequest(gateway.port, [`GET ${path} HTTP/1.1`, ...HANDSHAKE, '', ''].join('\r\n'));

  it('is asked about handshakes, and what it says reaches both sides', async () => {
    chain({ plugin: 'login', setRequest: ['Remote-User'], setResponse: ['X-Seen'] });
    login.answer = () => wireAnswer('200 OK', ['Remote-User: ann', 'X-Seen: login', 'Set-Cookie: a=1']);
    const headers = { 'Remote-User': 'root', Cookie: 'c=3; plugmesh-session=s' };
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/api/echo/live?x=1`, { headers });
    const [[answer]] = (await Promise.all([once(socket, 'upgrade'), once(socket, 'open')])) as [
      [IncomingMessage],
      unknown,
    ];
    assert.equal(answer.headers['x-seen'], 'login');
    assert.deepEqual(answer.headers['set-cookie'], ['b=2', 'a=1']);
    assert.equal(handshakes[0]?.['remote-user'], 'ann');
    const said = (name: string): string[] => valuesOf(login.last, name);
    assert.deepEqual(said('x-forwarded-uri'), ['/api/echo/live?x=1']);
    assert.deepEqual(said('cookie'), ['c=3']);
    assert.deepEqual([said('upgrade'), said('connection')], [[], ['keep-alive']]);
    socket.send('hello');
    assert.equal(String((await once(socket, 'message'))[0]), 'hello');
    socket.terminate();
  });

  it('is asked about the sockets of channel', async () => {
    chain({ plugin: 'login' });
    login.answer = () => wireAnswer('401 No', ['WWW-Authenticate: Basic', 'Set-Cookie: a=1'], 'who?');
    for (const path of ['/socket/websocket?vsn=2.0.0', '/websocket', '/api/echo/']) {
      const { status, body, text, closed } = await shake(path);
      assert.deepEqual([status, body, closed], [401, 'who?', true], path);
      assert.match(text, /WWW-Authenticate: Basic/i);
      assert.match(text, /Set-Cookie: a=1/i);
    }
    assert.equal(handshakes.length, 0);
  });

  it('closes handshakes when it does not answer', async () => {
    chain({ plugin: 'login', timeoutMs: 50 });
    login.answer = () => false;
    const { status, closed, body } = await shake('/api/echo/');
    assert.deepEqual([status, closed], [503, true]);
    assert.match(body, /MESH_MIDDLEWARE_FAILED/);
    assert.equal(handshakes.length, 0);
  });

  it('is not asked about sockets that are open already', async () => {
    chain();
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/api/echo/`);
    await once(socket, 'open');
    chain({ plugin: 'login' });
    login.answer = () => wireAnswer('401 No');
    socket.send('still');
    assert.equal(String((await once(socket, 'message'))[0]), 'still');
    assert.equal(login.requests.length, 0);
    socket.terminate();
  });
});
