import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { eventually } from '@plugmesh/shared/testing';
import { WebSocket, WebSocketServer } from 'ws';
import { obtain } from '../../../src/outbound/oauth2.ts';
import { ExternalSystem } from '../../support/external-system.ts';
import { OAuth2System } from '../../support/oauth2-system.ts';
import { ProxyApp } from '../../support/proxy-app.ts';

describe('a WebSocket to an endpoint', () => {
  const app = new ProxyApp();
  const open: WebSocket[] = [];
  let system: ExternalSystem;
  let oauth: OAuth2System;
  let asked: IncomingMessage[];
  let server: WebSocketServer;

  before(async () => {
    oauth = await OAuth2System.start();
    system = await ExternalSystem.http((_request, response) => response.writeHead(418).end('teapot'));
    server = new WebSocketServer({
      noServer: true,
      handleProtocols: (protocols) => [...protocols][1] ?? false,
    });
    system.server.on('upgrade', (request: IncomingMessage, socket, head) => {
      asked.push(request);
      const { url = '' } = request;
      if (url.startsWith('/base/refused')) {
        socket.end('HTTP/1.1 403 Forbidden\r\nSet-Cookie: x=y\r\nX-Why: no\r\nContent-Length: 3\r\n\r\nno!');
      } else if (url.startsWith('/base/liar')) {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nHTTP/1.1 200',
        );
      } else if (url.startsWith('/base/oauth') && !oauth.knows(request.headers.authorization)) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
      } else if (!url.startsWith('/base/mute')) {
        server.handleUpgrade(request, socket, head, (peer) => {
          peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));
        });
      }
    });
    app.server.listen(0, '127.0.0.1');
    await once(app.server, 'listening');
    app.connections.put('one', `${system.url}/base`, { token: { headers: { authorization: 'theirs' } } });
  });
  beforeEach(() => (asked = []));
  after(async () => {
    for (const socket of open) socket.terminate();
    for (const peer of server.clients) peer.terminate();
    system.stop();
    oauth.stop();
    await app.stop();
  });

  const port = (at = app): number => (at.server.address() as AddressInfo).port;
  function dial(
    path: string,
    options: WebSocket.ClientOptions = {},
    protocols: string[] = [],
    at = app,
  ): WebSocket {
    const socket = new WebSocket(`ws://127.0.0.1:${port(at)}/v1/proxy/one${path}`, protocols, options);
    socket.on('error', () => undefined);
    open.push(socket);
    return socket;
  }
  /** How a handshake is declined. */
  async function declined(
    path: string,
    options: WebSocket.ClientOptions = {},
  ): Promise<[IncomingMessage, string]> {
    const [, response] = (await once(dial(path, options), 'unexpected-response')) as [
      unknown,
      IncomingMessage,
    ];
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return [response, body];
  }

  it('carries text and bytes both ways, compressed where both can', async () => {
    const socket = dial('/live?q=1', { perMessageDeflate: true }, ['first', 'second']);
    await once(socket, 'open');
    assert.equal(socket.protocol, 'second');
    for (const message of ['hello', Buffer.alloc(300_000, 7)]) {
      socket.send(message);
      const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
      assert.deepEqual([data.length, isBinary], [message.length, typeof message !== 'string']);
    }
    assert.equal(asked[0]?.url, '/base/live?q=1');
    socket.close(4001, 'enough');
    const [code] = await once(socket, 'close');
    assert.equal(code, 4001);
  });

  it('has the credential and nothing of who the user is here', async () => {
    const headers = {
      cookie: 'plugmesh-session=x',
      authorization: 'mine',
      'x-plugmesh-identity': 'i',
      'x-custom': 'c',
    };
    const socket = dial('/live', { headers, origin: 'https://mesh.example' });
    await once(socket, 'open');
    const {
      authorization,
      cookie,
      origin,
      'x-plugmesh-identity': identity,
      'x-custom': custom,
    } = asked[0]!.headers;
    assert.deepEqual(
      [authorization, cookie, origin, identity, custom],
      ['theirs', undefined, undefined, undefined, 'c'],
    );
    socket.terminate();
  });

  it('is declined as the external system declines it, with what is safe of its answer', async () => {
    const [response, body] = await declined('/refused');
    const { statusCode, headers } = response;
    assert.deepEqual(
      [statusCode, headers['x-why'], headers['set-cookie'], body],
      [403, 'no', undefined, 'no!'],
    );
  });

  it('is refused where there is no answer, or one to another handshake', async () => {
    for (const [path, code] of [
      ['/mute', 'MESH_ENDPOINT_TIMEOUT'],
      ['/liar', 'MESH_ENDPOINT_UNREACHABLE'],
      ['/a%2fb', 'MESH_BAD_REQUEST'],
    ] as const) {
      const [, body] = await declined(path);
      assert.equal(body, code, path);
    }
    const [, unconnected] = await declined('/live', { headers: { 'x-test-user': 'bob' } });
    assert.equal(unconnected, 'MESH_ENDPOINT_NOT_CONNECTED');
  });

  it('is asked for again with a renewed credential after 401', async () => {
    const { id: clientId, secret: clientSecret } = oauth.client;
    const target = { url: oauth.system.url, skipTlsValidation: false, caCert: null };
    const asking = { tokenUrl: oauth.tokenUrl, clientId, clientSecret, grant: 'client_credentials' } as const;
    const token = await obtain(app.outbound, target, asking);
    app.connections.put('one', `${system.url}/base`, { token });
    oauth.revoke();
    const socket = dial('/oauth');
    await once(socket, 'open');
    assert.equal(asked.length, 2);
    socket.terminate();
  });

  it('ends at both sides when one of them goes', async () => {
    const first = dial('/live');
    await once(first, 'open');
    first.terminate();
    await eventually(() => server.clients.size === 0);
    const second = dial('/live');
    await once(second, 'open');
    for (const peer of server.clients) peer.terminate();
    await once(second, 'close');
  });

  it('is given up at the external system when the client goes during the handshake', async () => {
    const patient = new ProxyApp({}, 600_000);
    patient.connections.put('one', `${system.url}/base`);
    patient.server.listen(0, '127.0.0.1');
    await once(patient.server, 'listening');
    const socket = dial('/mute', {}, [], patient);
    await eventually(() => asked.length === 1);
    const there = asked[0]!.socket.resume();
    socket.terminate();
    await once(there, 'end');
    await patient.stop();
  });

  it('is no way for other protocols', async () => {
    const socket = connect(port(), '127.0.0.1');
    socket.write('GET /v1/proxy/one/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    const [said] = (await once(socket, 'data')) as [Buffer];
    assert.match(said.toString(), /MESH_BAD_REQUEST/);
    assert.equal(asked.length, 0);
    socket.destroy();
  });
});
