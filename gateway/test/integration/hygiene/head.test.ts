import assert from 'node:assert/strict';
import { describeHygiene } from '../../support/hygiene-stage.ts';
import { rawRequest, type RawAnswer } from '../../support/raw-request.ts';
import { TestGateway } from '../../support/start-gateway.ts';

describeHygiene('Host, versions and methods', ({ upstream, send, get, forwarded, refuses }) => {
  describe('Host', () => {
    for (const [name, lines] of Object.entries({
      'no Host': [],
      'two Hosts': ['Host: a', 'Host: a'],
      'an @': ['Host: a@b'],
      'a slash': ['Host: a/b'],
      'nothing in it': ['Host:'],
      'a space': ['Host: a b'],
    })) {
      it(`answers 400 to ${name}`, async () => {
        refuses(await send('GET /api/ships/ HTTP/1.1', ...lines, '', ''), 400, 'MESH_BAD_REQUEST');
      });
    }

    it('takes the absolute form with the same authority, and refuses another one', async () => {
      assert.equal((await get('http://mesh.test/api/ships/x')).status, 200);
      assert.equal(upstream.last.path, '/x');
      upstream.requests.length = 0;
      refuses(await get('http://other.test/api/ships/x'), 400, 'MESH_BAD_REQUEST');
      refuses(await get('http://mesh.test@other.test/api/ships/x'), 400, 'MESH_BAD_REQUEST');
    });

    it('answers 421 to a host that is not served, when hosts are set', async () => {
      const strict = await TestGateway.start({
        plugins: [{ id: 'ships', urls: [upstream.url] }],
        gateway: { hosts: ['Mesh.test'] },
      });
      const ask = (host: string): Promise<RawAnswer> =>
        rawRequest(strict.port, `GET /api/ships/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      refuses(await ask('evil.test'), 421, 'MESH_MISDIRECTED');
      assert.equal((await ask('mesh.test:2345')).status, 200);
      await strict.stop();
    });
  });

  describe('versions and methods', () => {
    for (const line of [
      'GET /api/ships/ HTTP/2.0',
      'GET /api/ships/',
      'GET /api/ships/ HTTP/0.9',
      'GET /api/ships/ HTTP/3.1',
      'PRI * HTTP/2.0',
    ]) {
      it(`refuses '${line}'`, async () => {
        const answer = await send(line, 'Host: a', '', '');
        assert.equal(answer.status, 400);
        assert.ok(answer.closed);
        assert.equal(forwarded(), 0);
      });
    }

    it('refuses TRACE and CONNECT', async () => {
      refuses(await send('TRACE /api/ships/ HTTP/1.1', 'Host: a', '', ''), 405, 'MESH_METHOD_NOT_ALLOWED');
      refuses(await send('CONNECT ships:80 HTTP/1.1', 'Host: a', '', ''), 405, 'MESH_METHOD_NOT_ALLOWED');
    });

    it('answers HTTP/1.0 and ends the connection', async () => {
      const answer = await send('GET /api/ships/ HTTP/1.0', '', '');
      assert.equal(answer.status, 200);
      assert.ok(answer.closed);
    });
  });
});
