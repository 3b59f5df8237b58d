import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describeHygiene } from '../../support/hygiene-stage.ts';

/** Of a WebSocket that nobody refuses. */
const HANDSHAKE = [
  'GET /api/ships/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n',
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
].join('');

describeHygiene('pipelining', (stage) => {
  const { upstream, send, sendBytes, forwarded } = stage;
  for (const [what, bytes, last] of [
    ['garbage', 'garbage\r\n\r\n', 400],
    ['CONNECT', 'CONNECT ships:80 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    [
      'a handshake',
      `GET /api/nobody/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      404,
    ],
  ] as const) {
    it(`answers a request before ${what} that comes right behind it`, async () => {
      const one = 'POST /api/ships/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi';
      const answer = await sendBytes(one + one + bytes);
      assert.deepEqual(answer.statuses, [200, 200, last]);
      assert.ok(answer.closed);
      assert.equal(forwarded(), 2);
    });
  }

  for (const [what, bytes] of [
    ['CONNECT', 'CONNECT ships:80 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a handshake', HANDSHAKE],
    ['garbage', 'garbage\r\n\r\n'],
  ] as const) {
    it(`outlives a client that resets its connection while ${what} waits behind a request`, async () => {
      const asked = new Promise<Socket>((resolve) => {
        upstream.answer = (_request, socket) => {
          resolve(socket);
          return false;
        };
      });
      const client = connect(stage.port, '127.0.0.1').on('error', () => undefined);
      client.write(`GET /api/ships/1 HTTP/1.1\r\nHost: a\r\n\r\n${bytes}`);
      const toInstance = await asked;
      const left = once(toInstance, 'close');
      client.resetAndDestroy();
      // The gateway has noticed when it gives up the request; an 'error' that nobody hears would fail this test.
      await left;
      upstream.answer = () => undefined;
      assert.equal((await send('GET /api/ships/2 HTTP/1.1', 'Host: a', '', '')).status, 200);
    });
  }

  it('answers a request that ends the connection, whatever comes behind it', async () => {
    const answer = await send('GET /api/ships/ HTTP/1.1', 'Host: a', 'Connection: close', '', '', '', 'x');
    assert.deepEqual(answer.statuses, [200]);
  });

  it('gives no second answer to a request that was refused before it ended', async () => {
    const late = await sendBytes(
      'POST /api/ships/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\nx',
      5000,
    );
    assert.deepEqual(late.statuses, [413]);
    assert.ok(late.closed);
  });

  it('answers pipelined requests in their order', async () => {
    const one = 'GET /api/ships/1 HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await sendBytes(one + one.replace('/1 ', '/2 '));
    assert.deepEqual(answer.statuses, [200, 200]);
    assert.equal(forwarded(), 2);
  });

  it('sends nothing on behind a request whose answer ends the connection', async () => {
    upstream.answer = ({ path }, socket) => {
      if (path !== '/1') return undefined;
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nhalf');
      return false;
    };
    const one = 'GET /api/ships/1 HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await sendBytes(one + one.replace('/1 ', '/2 '));
    assert.deepEqual(answer.statuses, [200]);
    assert.ok(answer.closed);
    assert.equal(forwarded(), 1);
  });

  it('cuts a client that goes on sending requests without waiting for any answer', async () => {
    upstream.answer = () => false;
    const answer = await sendBytes('GET /api/ships/ HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(300));
    assert.deepEqual(answer.statuses, []);
    assert.ok(answer.closed);
    assert.ok(forwarded() <= 1);
  });
});
