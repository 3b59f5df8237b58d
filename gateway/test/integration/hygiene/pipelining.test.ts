import assert from 'node:assert/strict';
import { describeHygiene } from '../../support/hygiene-stage.ts';

describeHygiene('pipelining', ({ upstream, send, sendBytes, forwarded }) => {
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
