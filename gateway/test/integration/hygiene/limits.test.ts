import assert from 'node:assert/strict';
import { describeHygiene } from '../../support/hygiene-stage.ts';

describeHygiene('sizes and slowness', ({ upstream, send, get, sendBytes, refuses }) => {
  describe('sizes', () => {
    it('answers 414 to a URL over 8 KiB', async () => {
      refuses(await get(`/api/ships/${'x'.repeat(8200)}`), 414, 'MESH_URI_TOO_LONG');
      refuses(await get(`/api/ships/${'x'.repeat(60_000)}`), 414, 'MESH_URI_TOO_LONG');
    });

    it('answers 431 to headers over 16 KiB or more than 128', async () => {
      refuses(await get('/api/ships/', `X-A: ${'x'.repeat(16_400)}`), 431, 'MESH_HEADERS_TOO_LARGE');
      refuses(await get('/api/ships/', `X-A: ${'x'.repeat(60_000)}`), 431, 'MESH_HEADERS_TOO_LARGE');
      refuses(
        await get('/api/ships/', ...Array.from({ length: 128 }, () => 'X-A: 1')),
        431,
        'MESH_HEADERS_TOO_LARGE',
      );
    });

    it('sees a second Host behind any number of headers', async () => {
      const many = Array.from({ length: 2500 }, () => 'a:');
      refuses(await get('/api/ships/', ...many, 'Host: b'), 400, 'MESH_BAD_REQUEST');
    });

    it('answers 413 to a body that says it is larger than the route allows', async () => {
      const answer = await send(
        'POST /api/ships/ HTTP/1.1',
        'Host: a',
        'Content-Length: 1001',
        '',
        'x'.repeat(1001),
      );
      refuses(answer, 413, 'MESH_BODY_TOO_LARGE');
    });

    it('answers 413 to a chunked body that turns out larger, and the upstream never sees its end', async () => {
      const chunk = `258\r\n${'x'.repeat(600)}\r\n`;
      const answer = await send(
        'POST /api/ships/ HTTP/1.1',
        'Host: a',
        'Transfer-Encoding: chunked',
        '',
        `${chunk}${chunk}0`,
        '',
        '',
      );
      refuses(answer, 413, 'MESH_BODY_TOO_LARGE');
    });

    it('passes a body of exactly the limit', async () => {
      await send('POST /api/ships/ HTTP/1.1', 'Host: a', 'Content-Length: 1000', '', 'x'.repeat(1000));
      assert.equal(upstream.last.body.length, 1000);
    });
  });

  describe('slowness', () => {
    it('answers 408 to headers that do not end', async () => {
      const answer = await sendBytes('GET /api/ships/ HTTP/1.1\r\nHost: a\r\nX-A');
      refuses(answer, 408, 'MESH_REQUEST_TIMEOUT');
      assert.ok(answer.closed);
    });

    it('answers 408 to a body that does not end', async () => {
      const answer = await send('POST /api/ships/ HTTP/1.1', 'Host: a', 'Content-Length: 10', '', 'abc');
      refuses(answer, 408, 'MESH_REQUEST_TIMEOUT');
    });

    it('closes idle connections', async () => {
      const answer = await sendBytes('GET /api/ships/ HTTP/1.1\r\nHost: a\r\n\r\n', 5000);
      assert.ok(answer.closed);
    });
  });
});
