import assert from 'node:assert/strict';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { rawRequest, type RawAnswer } from '../support/raw-request.ts';
import { TestGateway } from '../support/start-gateway.ts';

const PLUGIN_RULES = { maxBody: 1000, aliases: ['/ships'] };

describe('request hygiene', () => {
  let upstream: RecordingUpstream;
  let gateway: TestGateway;
  let seen: number;

  before(async () => {
    upstream = await RecordingUpstream.start();
    gateway = await TestGateway.start({
      plugins: [{ id: 'ships', urls: [upstream.url], http: PLUGIN_RULES }],
      gateway: { limits: { headersTimeoutMs: 400, requestTimeoutMs: 800, idleMs: 1500 } },
    });
  });
  after(async () => {
    await gateway.stop();
    await upstream.stop();
  });
  beforeEach(() => (seen = upstream.requests.length));
  afterEach(() => assert.deepEqual(upstream.garbage, [], 'the upstream was sent something that is not HTTP'));

  const send = (...lines: string[]): Promise<RawAnswer> => rawRequest(gateway.port, lines.join('\r\n'));
  const get = (path: string, ...headers: string[]): Promise<RawAnswer> =>
    send(`GET ${path} HTTP/1.1`, 'Host: mesh.test', ...headers, '', '');
  const forwarded = (): number => upstream.requests.length - seen;

  function refuses(answer: RawAnswer, status: number, code: string): void {
    assert.equal(answer.status, status, answer.text);
    const problem = JSON.parse(answer.body) as { code: string; status: number };
    assert.equal(problem.code, code);
    assert.equal(problem.status, status);
    assert.match(answer.text, /content-type: application\/problem\+json/i);
    assert.equal(forwarded(), 0, 'the upstream was asked');
  }

  describe('body framing', () => {
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
        const [first, second] = upstream.requests.slice(seen);
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
      const answer = await rawRequest(gateway.port, [head.join('\r\n'), 'abc']);
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
      const answer = await rawRequest(gateway.port, one + one.replace(/Expect.*more\r\n/s, ''));
      assert.deepEqual(answer.statuses, [100, 200, 200]);
    });

    it('says no 100 in the middle of an answer', async () => {
      const one = 'GET /api/ships/ HTTP/1.1\r\nHost: a\r\n\r\n';
      const answer = await rawRequest(
        gateway.port,
        one + one.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n') + one,
      );
      assert.deepEqual(answer.statuses, [200, 100, 200, 200]);
      assert.match(answer.text, /okHTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    });

    it('ignores other expectations', async () => {
      assert.equal((await get('/api/ships/', 'Expect: a-miracle')).status, 200);
      assert.deepEqual(upstream.header('expect'), []);
    });
  });

  it('removes hop-by-hop headers and what Connection names, but never what it could break with', async () => {
    const names = ['Keep-Alive', 'TE', 'Trailer', 'Proxy-Connection', 'Proxy-Authorization', 'X-Secret'];
    const headers = names.map((name) => `${name}: x`);
    const named = 'Connection: X-Secret, Cookie, Host, X-Request-Id, X-Forwarded-For, keep-alive';
    await get('/api/ships/', ...headers, named, 'Cookie: mine=1', 'X-Request-Id: id-1');
    for (const name of names) assert.deepEqual(upstream.header(name), [], name);
    assert.deepEqual(upstream.header('connection'), ['keep-alive']);
    assert.deepEqual(upstream.header('cookie'), ['mine=1']);
    assert.equal(upstream.header('host').length, 1);
    assert.deepEqual(upstream.header('x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(upstream.header('x-request-id'), ['id-1']);
  });

  it('removes hop-by-hop and shared-origin headers from answers', async () => {
    const gone = {
      Connection: 'X-Hop',
      'X-Hop': '1',
      'Keep-Alive': 'timeout=1',
      Server: 'x',
      'X-Powered-By': 'x',
      'Service-Worker-Allowed': '/',
      'Clear-Site-Data': '"*"',
      'Access-Control-Allow-Origin': '*',
      'Set-Cookie': '__Host-plugmesh-session=stolen',
    };
    const lines = Object.entries(gone).map(([name, value]) => `${name}: ${value}\r\n`);
    upstream.answer = () =>
      `HTTP/1.1 200 \x01odd\r\n${lines.join('')}Set-Cookie: own=1\r\nContent-Length: 2\r\n\r\nok`;
    const { text } = await get('/api/ships/');
    upstream.answer = () => undefined;
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    for (const name of [
      'X-Hop',
      'Server',
      'X-Powered-By',
      'Service-Worker-Allowed',
      'Clear-Site-Data',
      'Access-Control-Allow-Origin',
      'Keep-Alive',
    ]) {
      assert.doesNotMatch(text, new RegExp(`^${name}:`, 'im'));
    }
    assert.doesNotMatch(text, /stolen/);
    assert.match(text, /set-cookie: own=1/i);
  });

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
      seen = upstream.requests.length;
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

  describe('paths', () => {
    for (const path of [
      '/api/ships/../admin',
      '/api/ships/..',
      '/api/ships/./x',
      '/api/ships/%2e%2e/x',
      '/api/ships/%2E./x',
      '/api/ships%2f..',
      '/api/ships/a%2Fb',
      '/api/ships/a%5cb',
      '/api/ships/a\\b',
      '/api//ships/',
      '//api/ships/',
      '/api/ships//x',
      '/api/ships/;a=b/x',
      '/api/ships/..;/x',
      '/api/ships/%3bx',
      '/api/ships/%00',
      '/api/ships/%0d%0aX-A:b',
      '/api/ships/%7f',
      '/api/ships/%',
      '/api/ships/%4',
      '/api/ships/%zz',
      '/api/ships/%u0041',
      '/api/ships/x#y',
      '/api/ships/x?y#z',
      '/api/ships/x\u00e9',
      'api/ships/',
      '*',
    ]) {
      it(`answers 400 to '${path}'`, async () => {
        const answer = await get(path);
        assert.equal(answer.status, 400, answer.text);
        assert.equal(forwarded(), 0);
      });
    }

    it('decodes unreserved characters once, for the route and for the upstream', async () => {
      assert.equal((await get('/%61pi/sh%69ps/%41%2dz%7E%20%c3%a9%252e?q=%61;x=/../y')).status, 200);
      assert.equal(upstream.last.path, '/A-z~%20%C3%A9%252e?q=%61;x=/../y');
    });

    for (const path of [
      '/API/ships/',
      '/api/Ships/',
      '/api/shipsx/',
      '/apix/ships',
      '/Ships/',
      '/api/ships%20/',
    ]) {
      it(`does not take '${path}' for the plugin`, async () => {
        assert.equal((await get(path)).status, 404);
        assert.equal(forwarded(), 0);
      });
    }

    it('strips prefix and alias, and says which', async () => {
      for (const [path, stripped, prefix] of [
        ['/api/ships', '/', '/api/ships'],
        ['/api/ships/', '/', '/api/ships'],
        ['/api/ships?a=/b', '/?a=/b', '/api/ships'],
        ['/api/ships/v1/x/', '/v1/x/', '/api/ships'],
        ['/ships/v1', '/v1', '/ships'],
      ] as const) {
        await get(path);
        assert.equal(upstream.last.path, stripped);
        assert.deepEqual(upstream.header('x-forwarded-prefix'), [prefix]);
      }
    });
  });

  it('removes reserved headers in every spelling', async () => {
    const forged = [
      'X-Plugmesh-User',
      'x_plugmesh_user',
      'X.Plugmesh.User',
      'X-PLUGMESH_Roles',
      'X-Plugmesh-Identity',
      'X-Forwarded-User',
      'X_Forwarded_For',
      'Forwarded',
      'X-Original-URL',
      'X-Rewrite-URL',
      'X-Real-IP',
      'Proxy',
      'Content_Length',
      'Transfer.Encoding',
    ];
    await get(
      '/api/ships/',
      ...forged.map((name) => `${name}: root`),
      'X-Forwarded-For: 6.6.6.6',
      'X-Mine_too: 1',
    );
    for (const name of forged) assert.deepEqual(upstream.header(name), [], name);
    assert.deepEqual(upstream.header('x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(upstream.header('x-forwarded-host'), ['mesh.test']);
    assert.deepEqual(upstream.header('x-forwarded-proto'), ['http']);
    assert.deepEqual(upstream.header('host'), [`127.0.0.1:${upstream.port}`]);
    assert.deepEqual(upstream.header('x-mine_too'), ['1']);
  });

  it('keeps the mesh cookies from plugins and passes others', async () => {
    await get('/api/ships/', 'Cookie: a=1; __Host-plugmesh-session=s; plugmesh-xsrf=t; b=2');
    assert.deepEqual(upstream.header('cookie'), ['a=1; b=2']);
    await get('/api/ships/', 'Cookie: __Host-plugmesh-session=s');
    assert.deepEqual(upstream.header('cookie'), []);
  });

  it('keeps well-formed request ids and traces, and replaces others', async () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await get('/api/ships/', 'X-Request-Id: mine.1', `traceparent: ${trace}`);
    assert.deepEqual(
      [upstream.header('x-request-id'), upstream.header('traceparent')],
      [['mine.1'], [trace]],
    );
    const answer = await get('/api/ships/', 'X-Request-Id: a b"c', 'traceparent: 00-1', 'tracestate: a=b');
    const [id = ''] = upstream.header('x-request-id');
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.match(answer.text, new RegExp(`x-request-id: ${id}`, 'i'));
    assert.match(upstream.header('traceparent')[0] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.deepEqual(upstream.header('tracestate'), []);
  });

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
      const answer = await rawRequest(gateway.port, 'GET /api/ships/ HTTP/1.1\r\nHost: a\r\nX-A');
      refuses(answer, 408, 'MESH_REQUEST_TIMEOUT');
      assert.ok(answer.closed);
    });

    it('answers 408 to a body that does not end', async () => {
      const answer = await send('POST /api/ships/ HTTP/1.1', 'Host: a', 'Content-Length: 10', '', 'abc');
      refuses(answer, 408, 'MESH_REQUEST_TIMEOUT');
    });

    it('closes idle connections', async () => {
      const answer = await rawRequest(gateway.port, 'GET /api/ships/ HTTP/1.1\r\nHost: a\r\n\r\n', 5000);
      assert.ok(answer.closed);
    });
  });

  it('treats an Upgrade other than websocket as an ordinary request', async () => {
    const answer = await get(
      '/api/ships/',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: x',
    );
    assert.equal(answer.status, 200);
    for (const name of ['upgrade', 'http2-settings']) assert.deepEqual(upstream.header(name), []);
  });

  it('refuses service workers of plugins', async () => {
    refuses(await get('/api/ships/sw.js', 'Service-Worker: script'), 403, 'MESH_SERVICE_WORKER_REFUSED');
  });

  it('answers 508 when its own name is in Via, and adds itself for others', async () => {
    refuses(await get('/api/ships/', 'Via: 1.1 a, 1.1 plugmesh'), 508, 'MESH_LOOP');
    await get('/api/ships/', 'Via: 1.1 a');
    assert.deepEqual(upstream.header('via'), ['1.1 a, 1.1 plugmesh (ships)']);
  });

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
      const answer = await rawRequest(gateway.port, one + one + bytes);
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
    const late = await rawRequest(
      gateway.port,
      'POST /api/ships/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\nx',
      5000,
    );
    assert.deepEqual(late.statuses, [413]);
    assert.ok(late.closed);
  });

  it('answers pipelined requests in their order', async () => {
    const one = 'GET /api/ships/1 HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await rawRequest(gateway.port, one + one.replace('/1 ', '/2 '));
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
    const answer = await rawRequest(gateway.port, one + one.replace('/1 ', '/2 '));
    upstream.answer = () => undefined;
    assert.deepEqual(answer.statuses, [200]);
    assert.ok(answer.closed);
    assert.equal(forwarded(), 1);
  });

  it('cuts a client that goes on sending requests without waiting for any answer', async () => {
    upstream.answer = () => false;
    const answer = await rawRequest(gateway.port, 'GET /api/ships/ HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(300));
    upstream.answer = () => undefined;
    assert.deepEqual(answer.statuses, []);
    assert.ok(answer.closed);
    assert.ok(forwarded() <= 1);
  });
});
