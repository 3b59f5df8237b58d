import assert from 'node:assert/strict';
import { freePort } from '@plugmesh/shared/testing';
import supertest from 'supertest';
import { sketchRule, wireAnswer, type RuleSketch } from '../support/forward-auth.ts';
import { RecordingUpstream, type Answer } from '../support/recording-upstream.ts';
import { rawRequest } from '../support/raw-request.ts';
import { TestGateway } from '../support/start-gateway.ts';

interface Problem {
  readonly code: string;
  readonly reason?: string;
}

/** An answer that is written in small pieces, without an end, for as long as somebody listens. */
function drip(start: string, piece: string): Answer {
  return (_request, socket) => {
    socket.write(start);
    const timer = setInterval(() => socket.write(piece), 10);
    socket.once('close', () => clearInterval(timer));
    return false;
  };
}

function says(text: string, { thenCloses = false } = {}): Answer {
  return (_request, socket) => {
    if (thenCloses) socket.end(text);
    else socket.write(text);
    return false;
  };
}

const HUGE = 'x'.repeat(2 * 1024 * 1024);

/** What middleware may do wrong, and why it counts as no answer. */
const TROUBLES: readonly (readonly [string, Answer, RegExp])[] = [
  ['never answers', () => false, /no answer within/],
  ['says its head byte by byte', drip('HTTP/1.1 200 O', 'K'), /no answer within/],
  ['never ends its head', drip('HTTP/1.1 200 OK\r\n', 'X-A: 1\r\n'), /no answer within/],
  ['never ends its answer', says('HTTP/1.1 401 No\r\nContent-Length: 5\r\n\r\nabc'), /no answer within/],
  ['answers garbage', says('\0\x01 hello\r\n\r\n'), /Parse Error/],
  ['answers as a mail server', says('220 mail.test ESMTP\r\n'), /Parse Error/],
  ['closes without a word', says('', { thenCloses: true }), /socket hang up|closed/],
  ['closes in its head', says('HTTP/1.1 200 OK\r\nX-A', { thenCloses: true }), /./],
  ['closes in its body', says('HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nabc', { thenCloses: true }), /./],
  ['answers a huge head', says(`HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(40_000)}\r\n\r\n`), /Header overflow/],
  ['answers a huge body', () => wireAnswer('401 No', [], HUGE), /larger than/],
  ['answers a body of no length that never ends', drip('HTTP/1.1 401 No\r\n\r\n', 'x'), /no answer within/],
  [
    'answers with both framings',
    says('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc'),
    /./,
  ],
  [
    'answers a line break in a header',
    says('HTTP/1.1 401 No\r\nX-A: a\rX-B: b\r\nContent-Length: 0\r\n\r\n'),
    /./,
  ],
  ['answers 101', says('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'), /./],
  ['answers 600', says('HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n'), /status is 600/],
  ['answers 099', says('HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n'), /./],
];

describe('middleware in trouble', () => {
  const plugin = new RecordingUpstream();
  const login = new RecordingUpstream();
  let gateway: TestGateway;

  before(async () => {
    await Promise.all([plugin.listen(0), login.listen(0)]);
    gateway = await TestGateway.start({
      services: { control: { url: plugin.url }, channel: { url: plugin.url } },
      plugins: [
        { id: 'ships', urls: [plugin.url] },
        { id: 'login', urls: [login.url] },
        { id: 'gone', urls: [`http://127.0.0.1:${await freePort()}`] },
        { id: 'stopped', state: 'stopped' },
        { id: 'wrong', state: 'invalid' },
      ],
    });
  });
  after(async () => {
    await gateway.stop();
    await Promise.all([plugin.stop(), login.stop()]);
  });
  beforeEach(() => {
    plugin.requests.length = login.requests.length = 0;
    login.answer = () => undefined;
  });

  const api = (): ReturnType<typeof supertest> => supertest(gateway.url);
  const chain = (...rules: RuleSketch[]): void => {
    const { current } = gateway.documents;
    gateway.documents.change({ ...current, middleware: rules.map(sketchRule) });
  };

  for (const [what, answer, reason] of TROUBLES) {
    it(`that ${what} closes, or is passed over where its rule says so`, async () => {
      login.answer = answer;
      const rule = { plugin: 'login', timeoutMs: 150, setRequest: ['Remote-User'] };
      chain(rule);
      const { body, headers } = await api().post('/api/ships/').send({ a: 1 }).expect(503);
      assert.equal((body as Problem).code, 'MESH_MIDDLEWARE_FAILED');
      assert.match((body as Problem).reason ?? '', reason);
      assert.ok(headers['retry-after']);
      assert.equal(plugin.requests.length, 0);
      chain({ ...rule, onError: 'allow' });
      await api().post('/api/ships/').set('Remote-User', 'root').send({ a: 1 }).expect(200, 'ok');
      assert.deepEqual(plugin.header('remote-user'), [], 'a forged user');
      assert.equal(plugin.last.body, '{"a":1}');
    });
  }

  for (const id of ['gone', 'stopped', 'wrong']) {
    it(`that is ${id} closes, or is passed over where its rule says so`, async () => {
      chain({ plugin: id, setRequest: ['Remote-User'] });
      const { body } = await api().get('/api/ships/').expect(503);
      assert.equal((body as Problem).code, 'MESH_MIDDLEWARE_FAILED');
      chain({ plugin: id, setRequest: ['Remote-User'], onError: 'allow' });
      await api().get('/api/ships/').set('Remote-User', 'root').expect(200);
      assert.deepEqual(plugin.header('remote-user'), []);
    });
  }

  it('is asked again at another instance when one is gone', async () => {
    const { current } = gateway.documents;
    const plugins = current.plugins.map((each) => {
      if (each.id !== 'gone') return each;
      const instance = { id: 'there', url: login.url, state: 'ready' } as const;
      return { ...each, instances: [...each.instances, instance] };
    });
    gateway.documents.change({ ...current, plugins, middleware: [sketchRule({ plugin: 'gone' })] });
    for (let n = 0; n < 8; n += 1) await api().get('/api/ships/').expect(200);
    assert.equal(login.requests.length, 8);
    gateway.documents.change(current);
  });

  it('may let pass with a body that is never read to its end', async () => {
    chain({ plugin: 'login' });
    login.answer = () => wireAnswer('200 OK', [], HUGE);
    for (let n = 0; n < 3; n += 1) await api().get('/api/ships/').expect(200);
    login.answer = says('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
    for (let n = 0; n < 3; n += 1) await api().get('/api/ships/').expect(200);
  });

  it('does not keep the mesh from being operated', async () => {
    chain({ plugin: 'stopped' });
    await api().get('/mesh/plugins').expect(200);
    await api().get('/livez').expect(200);
  });

  it('gives its places back, so that it may be in trouble as often as it likes', async () => {
    const few = await TestGateway.start({
      plugins: [
        { id: 'ships', urls: [plugin.url] },
        { id: 'login', urls: [login.url] },
      ],
      gateway: { limits: { inFlight: 2, pending: 2 } },
    });
    const { current } = few.documents;
    few.documents.change({ ...current, middleware: [sketchRule({ plugin: 'login', timeoutMs: 50 })] });
    const ask = async (): Promise<number> => (await fetch(`${few.url}/api/ships/`)).status;
    for (const [, answer] of TROUBLES) {
      login.answer = answer;
      // More than there are places: some wait in vain, some are refused at once.
      const statuses = await Promise.all([ask(), ask(), ask(), ask(), ask(), ask()]);
      assert.deepEqual([...new Set(statuses)], [503]);
    }
    login.answer = () => undefined;
    assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [200, 200, 200]);
    await few.stop();
  });

  it('is not asked for clients that are gone, and disturbs no others', async () => {
    chain({ plugin: 'login', timeoutMs: 2000 });
    const sockets: (() => void)[] = [];
    login.answer = (_request, socket) => {
      sockets.push(() => socket.write(wireAnswer('401 No', [], 'late')));
      return false;
    };
    const gone = new AbortController();
    const asked = fetch(`${gateway.url}/api/ships/`, { signal: gone.signal }).catch(() => 'gone');
    while (sockets.length === 0) await new Promise(setImmediate);
    gone.abort();
    assert.equal(await asked, 'gone');
    sockets[0]?.();
    login.answer = () => undefined;
    await api().get('/api/ships/').expect(200);
  });

  it('cannot be asked into a header of its own by the path or the query', async () => {
    chain({ plugin: 'login' });
    const target = '/api/ships/%0d%0aX-Evil:1';
    const { status } = await rawRequest(gateway.port, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal(status, 400);
    await api().get('/api/ships/?a=%0d%0aX-Evil:1').expect(200);
    assert.deepEqual(login.header('x-forwarded-uri'), ['/api/ships/?a=%0d%0aX-Evil:1']);
  });
});
