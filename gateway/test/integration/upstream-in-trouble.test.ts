import assert from 'node:assert/strict';
import { failing, pluginFailure } from '@plugmesh/shared/mesh-document';
import { eventually, freePort } from '@plugmesh/shared/testing';
import supertest from 'supertest';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { rawRequest } from '../support/raw-request.ts';
import { TestGateway } from '../support/start-gateway.ts';

interface Problem {
  readonly code: string;
  readonly plugin: string;
  readonly requestId: string;
  readonly reason?: string;
  readonly failure?: object;
  readonly fix?: string;
}

describe('an upstream in trouble', () => {
  const broken = new RecordingUpstream();
  let other: RecordingUpstream;
  let gateway: TestGateway;
  let port: number;

  before(async () => {
    other = await RecordingUpstream.start();
    await broken.listen(0);
    port = broken.port;
    gateway = await TestGateway.start({
      plugins: [
        { id: 'p', urls: [other.url] },
        { id: 'broken', urls: [`http://127.0.0.1:${port}`], http: { timeoutMs: 400 } },
      ],
    });
  });
  after(async () => {
    await gateway.stop();
    await Promise.all([broken.stop(), other.stop()]);
  });

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

describe('a plugin that is not there', () => {
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
});
