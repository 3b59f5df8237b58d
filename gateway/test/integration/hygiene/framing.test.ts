import assert from 'node:assert/strict';
import { describeHygiene } from '../../support/hygiene-stage.ts';

describeHygiene('body framing', ({ upstream, send, get, sendBytes, forwarded }) => {
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
    it(`answers 411 to a chunked ${method} and ends the connection`, async () => {
      const answer = await send(
        `${method} /api/ships/ HTTP/1.1`,
        'Host: a',
        'Transfer-Encoding: chunked',
        '',
        '5',
        'GET /',
        '0',
        '',
        '',
      );
      assert.equal(answer.status, 411);
      assert.ok(answer.closed);
      assert.equal(forwarded(), 0);
    });
  }

  it('serves nothing that was sent behind a refusal that ends the connection', async () => {
    const chunked = ['GET /api/ships/ HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', '', '0', '', ''];
    const behind = ['GET /api/ships/ HTTP/1.1', 'Host: a'];
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];
    for (const headers of [[], upgrade]) {
      const answer = await send(...chunked.slice(0, -1), ...behind, ...headers, '', '');
      assert.deepEqual(answer.statuses, [411]);
      assert.ok(answer.closed);
      assert.equal(forwarded(), 0);
    }
  });

  for (const method of ['POST', 'PUT', 'PATCH']) {
    it(`re-frames a chunked ${method} and keeps the upstream connection`, async () => {
      const request = [
        `${method} /api/ships/ HTTP/1.1`,
        'Host: a',
        'Transfer-Encoding: chunked',
        '',
        '3;x=y',
        'abc',
        '2',
        'de',
        '0',
        '',
        '',
      ];
      assert.equal((await send(...request)).status, 200);
      assert.equal((await send(...request)).status, 200);
      const [first, second] = upstream.requests;
      assert.equal(first?.body, 'abcde');
      assert.equal(second?.body, 'abcde');
      assert.equal(first.connection, second.connection);
      assert.deepEqual(upstream.header('transfer-encoding'), ['chunked']);
      assert.deepEqual(upstream.header('connection'), ['keep-alive']);
    });
  }

  for (const [name, headers] of Object.entries({
    'both lengths': ['Content-Length: 3', 'Transfer-Encoding: chunked'],
    'two different lengths': ['Content-Length: 3', 'Content-Length: 4'],
    'a length list': ['Content-Length: 3, 3'],
    'a signed length': ['Content-Length: +3'],
    'a second coding': ['Transfer-Encoding: gzip, chunked'],
    'chunked twice': ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    'an unknown coding': ['Transfer-Encoding: xchunked'],
    'a space before the colon': ['Transfer-Encoding : chunked'],
    'a folded header': ['X-A: b', ' Transfer-Encoding: chunked'],
    'a bare line feed': ['X-A: b\nTransfer-Encoding: chunked'],
  })) {
    it(`answers 400 to ${name}`, async () => {
      const answer = await send(
        'POST /api/ships/ HTTP/1.1',
        'Host: a',
        ...headers,
        '',
        '3',
        'abc',
        '0',
        '',
        '',
      );
      assert.equal(answer.statuses[0], 400, answer.text);
      assert.ok(answer.closed);
      assert.equal(forwarded(), 0);
    });
  }

  it('never turns a body into a second request', async () => {
    const inner = 'GET /api/ships/inner HTTP/1.1\r\nHost: a\r\n\r\n';
    await send('POST /api/ships/outer HTTP/1.1', 'Host: a', `Content-Length: ${inner.length}`, '', inner);
    assert.equal(forwarded(), 1);
    assert.equal(upstream.last.body, inner);
  });

  it('sends no half a body on as a whole one when a chunk is garbage', async () => {
    await send(
      'POST /api/ships/ HTTP/1.1',
      'Host: a',
      'Transfer-Encoding: chunked',
      '',
      '3',
      'abc',
      'zz',
      '',
    );
    assert.equal(forwarded(), 0);
  });

  describe('Expect', () => {
    it('answers 100 itself and does not forward the header', async () => {
      const head = [
        'POST /api/ships/ HTTP/1.1',
        'Host: a',
        'Expect: 100-continue',
        'Content-Length: 3',
        '',
        '',
      ];
      const answer = await sendBytes([head.join('\r\n'), 'abc']);
      assert.deepEqual(answer.statuses, [100, 200]);
      assert.deepEqual(upstream.header('expect'), []);
      assert.equal(upstream.last.body, 'abc');
    });

    it('refuses a body that is too large without asking for it', async () => {
      const answer = await send(
        'POST /api/ships/ HTTP/1.1',
        'Host: a',
        'Expect: 100-continue',
        'Content-Length: 5000',
        '',
        '',
      );
      assert.deepEqual(answer.statuses, [413]);
      assert.ok(answer.closed);
    });

    it('says 100 when that is one of several expectations, and goes on serving the connection', async () => {
      const one =
        'POST /api/ships/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: more\r\nContent-Length: 2\r\n\r\nhi';
      const answer = await sendBytes(one + one.replace(/Expect.*more\r\n/s, ''));
      assert.deepEqual(answer.statuses, [100, 200, 200]);
    });

    it('says no 100 in the middle of an answer', async () => {
      const one = 'GET /api/ships/ HTTP/1.1\r\nHost: a\r\n\r\n';
      const answer = await sendBytes(one + one.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n') + one);
      assert.deepEqual(answer.statuses, [200, 100, 200, 200]);
      assert.match(answer.text, /okHTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    });

    it('ignores other expectations', async () => {
      assert.equal((await get('/api/ships/', 'Expect: a-miracle')).status, 200);
      assert.deepEqual(upstream.header('expect'), []);
    });
  });
});
