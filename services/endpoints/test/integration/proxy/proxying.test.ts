import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { ask, type Ask } from '../../support/ask.ts';
import { ExternalSystem } from '../../support/external-system.ts';
import { ProxyApp } from '../../support/proxy-app.ts';

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly body: string;
}

async function echoTo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url, headers, rawHeaders } = request;
  const body = (await buffer(request)).toString('latin1');
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ method, url, headers, rawHeaders, body }));
}

describe('a request to an endpoint', () => {
  const app = new ProxyApp();
  let system: ExternalSystem;
  let answer: RequestListener | undefined;

  before(async () => {
    system = await ExternalSystem.http((request, response) => {
      if (answer) answer(request, response);
      else void echoTo(request, response);
    });
    app.server.listen(0, '127.0.0.1');
    await once(app.server, 'listening');
    const token = { headers: { Authorization: 'Bearer theirs', 'Private-Token': 'p' } };
    app.connections.put('one', `${system.url}/base`, { token });
    app.connections.put('open', system.url);
  });
  afterEach(() => (answer = undefined));
  after(async () => {
    system.stop();
    await app.stop();
  });

  const echo = async (path: string, options: Ask = {}): Promise<Echo> => {
    const { status, body } = await ask(app.server, path, options);
    assert.equal(status, 200, body);
    return JSON.parse(body) as Echo;
  };

  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
    it(`is passed on as ${method}, below the URL, with its query and body`, async () => {
      const body = method === 'GET' ? undefined : 'a\u0000body';
      const options = { method, ...(body !== undefined && { body }) };
      const said = await echo('/v1/proxy/one/api/x?q=%2e%2e/&r', options);
      assert.deepEqual([said.method, said.url, said.body], [method, '/base/api/x?q=%2e%2e/&r', body ?? '']);
    });
  }

  it('has the credential and nothing of who the user is here', async () => {
    const headers = {
      Authorization: 'Bearer mine',
      'private-token': 'mine',
      Cookie: 'plugmesh-session=x; other=y',
      Cookie2: 'x',
      'X-Api-Key': 'k',
      'X-XSRF-Token': 't',
      'X-Plugmesh-Identity': 'i',
      X_Plugmesh_User: 'u',
      'X-Forwarded-For': '1.2.3.4',
      Forwarded: 'for=1.2.3.4',
      'X-Real-IP': '1.2.3.4',
      Origin: 'https://mesh.example',
      Referer: 'https://mesh.example/secret',
      'Sec-Fetch-Site': 'same-origin',
      'X-HTTP-Method-Override': 'DELETE',
      'X-Request-Id': 'r',
      traceparent: 't',
      TE: 'trailers',
      'Proxy-Authorization': 'x',
      'X-Named': 'x',
      Connection: 'close, X-Named',
      Accept: 'text/plain',
      'If-None-Match': '"1"',
      'X-Custom': 'kept',
      Via: '1.1 plugmesh (endpoints)',
    };
    const { headers: got } = await echo('/v1/proxy/one/x', { headers });
    const kept = [
      'accept',
      'authorization',
      'connection',
      'host',
      'if-none-match',
      'private-token',
      'via',
      'x-custom',
    ];
    assert.deepEqual(Object.keys(got).sort(), kept);
    assert.deepEqual([got.authorization, got['private-token']], ['Bearer theirs', 'p']);
    assert.equal(got.host, `127.0.0.1:${system.port}`);
  });

  it('is framed and addressed by nobody else, whatever a credential says', async () => {
    const headers = {
      Host: 'evil',
      'Content-Length': '1',
      'Transfer-Encoding': 'chunked',
      Connection: 'x',
      ok: 'ok',
    };
    app.connections.put('odd', system.url, { token: { headers } });
    const said = await echo('/v1/proxy/odd/x', { method: 'PUT', body: 'body' });
    const { host, ok } = said.headers;
    assert.deepEqual([host, ok, said.body], [`127.0.0.1:${system.port}`, 'ok', 'body']);
  });

  it('gets back words of any script in headers, byte for byte', async () => {
    answer = (_request, response) => {
      response.setHeader('x-name', Buffer.from('日本 é').toString('latin1'));
      response.end();
    };
    const { headers } = await ask(app.server, '/v1/proxy/one/x');
    assert.equal(Buffer.from(String(headers['x-name']), 'latin1').toString(), '日本 é');
  });

  it('has each header of the credential once', async () => {
    const { rawHeaders } = await echo('/v1/proxy/one/x', { headers: { AUTHORIZATION: 'Bearer mine' } });
    assert.equal(rawHeaders.filter((name) => name.toLowerCase() === 'authorization').length, 1);
  });

  const ways = [
    '/../x',
    '/%2e%2e/x',
    '/a/%2E%2E/%2e./b',
    '/a%2f..%2fb',
    '/..%5cx',
    '/a//b',
    '/..;/x',
    '/a%0d%0aX:y',
  ];
  for (const path of ways) {
    it(`does not leave the endpoint's URL by '${path}'`, async () => {
      answer = () => assert.fail('it was passed on');
      const { status, json } = await ask(app.server, `/v1/proxy/one${path}`);
      assert.deepEqual([status, json['code']], [400, 'MESH_BAD_REQUEST']);
    });
  }

  for (const [method, headers, status] of [
    ['TRACE', {}, 405],
    ['GET', { 'Sec-Fetch-Dest': 'script' }, 403],
    ['GET', { 'Sec-Fetch-Dest': 'serviceworker' }, 403],
  ] as const) {
    it(`is refused as ${method} of ${JSON.stringify(headers)}`, async () => {
      answer = () => assert.fail('it was passed on');
      const answered = await ask(app.server, '/v1/proxy/one/x', { method, headers });
      assert.equal(answered.status, status);
    });
  }

  it('gets back what is safe of the answer', async () => {
    answer = (_request, response) => {
      response.writeHead(201, 'Very \xffGood', {
        'Content-Type': 'text/html',
        ETag: '"2"',
        Link: '<x>; rel="next"',
        'X-Total': '7',
        'Set-Cookie': ['plugmesh-session=evil', 'x=y'],
        'Cache-Control': 'public, max-age=600',
        'Clear-Site-Data': '"*"',
        'Service-Worker-Allowed': '/',
        'Strict-Transport-Security': 'max-age=1',
        'Access-Control-Allow-Origin': '*',
        'Content-Security-Policy': 'default-src *',
        'WWW-Authenticate': 'Basic',
        'X-Accel-Redirect': '/etc/passwd',
        'X-Sendfile': '/etc/passwd',
        'X-Plugmesh-User': 'root',
        Server: 'x',
        Refresh: '0; url=https://evil.example',
        'Alt-Svc': 'h3=":443"',
        'Set-Login': 'logged-in',
        Date: 'Sun, 06 Nov 1994 08:49:37 GMT',
      });
      response.end('<script>');
    };
    const { status, headers, body } = await ask(app.server, '/v1/proxy/one/x');
    assert.deepEqual([status, body], [201, '<script>']);
    assert.deepEqual(headers, {
      'cache-control': 'private, no-cache',
      connection: 'close',
      'content-security-policy': 'sandbox',
      'content-type': 'text/html',
      date: 'Sun, 06 Nov 1994 08:49:37 GMT',
      etag: '"2"',
      link: '<x>; rel="next"',
      'transfer-encoding': 'chunked',
      'x-content-type-options': 'nosniff',
      'x-total': '7',
    });
  });

  for (const [location, expected] of [
    ['/base/there?x#y', '/api/endpoints/v1/proxy/one/there?x#y'],
    ['there', '/api/endpoints/v1/proxy/one/there'],
    ['SELF/base', '/api/endpoints/v1/proxy/one'],
    ['/basement', 'SELF/basement'],
    ['/elsewhere', 'SELF/elsewhere'],
    ['https://other.example/x', 'https://other.example/x'],
    ['javascript:alert(1)', undefined],
    ['http://', undefined],
  ] as const) {
    it(`redirected to '${location}' is not followed: the client is told '${String(expected)}'`, async () => {
      answer = (_request, response) =>
        response.writeHead(302, { location: location.replace('SELF', system.url) }).end();
      const headers = { 'x-forwarded-prefix': '/api/endpoints' };
      const answered = await ask(app.server, '/v1/proxy/one/x', { headers });
      assert.deepEqual(
        [answered.status, answered.headers.location],
        [302, expected?.replace('SELF', system.url)],
      );
    });
  }

  for (const status of [204, 304]) {
    it(`is answered ${status} without a body`, async () => {
      answer = (_request, response) => response.writeHead(status, { etag: '"1"' }).end();
      const answered = await ask(app.server, '/v1/proxy/one/x');
      assert.deepEqual([answered.status, answered.body, answered.headers.etag], [status, '', '"1"']);
    });
  }

  it('learns the length by HEAD', async () => {
    answer = (_request, response) => response.writeHead(200, { 'content-length': 12 }).end();
    const { headers, body } = await ask(app.server, '/v1/proxy/one/x', { method: 'HEAD' });
    assert.deepEqual([headers['content-length'], body], ['12', '']);
  });

  it('goes on after 100 Continue', async () => {
    const options = { method: 'PUT', headers: { Expect: '100-continue' }, body: 'x' };
    const said = await echo('/v1/proxy/one/x', options);
    assert.deepEqual([said.body, said.headers['expect']], ['x', undefined]);
  });

  it('keeps the length of a large body, and sends one without a length in chunks', async () => {
    const body = Buffer.alloc(100_000, 'x');
    const known = await echo('/v1/proxy/one/x', { method: 'PUT', body });
    assert.deepEqual([known.headers['content-length'], known.body.length], ['100000', 100_000]);
    const options = { method: 'PUT', body, headers: { 'transfer-encoding': 'chunked' } };
    const chunked = await echo('/v1/proxy/one/x', options);
    assert.deepEqual([chunked.headers['transfer-encoding'], chunked.body.length], ['chunked', 100_000]);
  });

  it('is without credentials where none are needed', async () => {
    const { headers, url } = await echo('/v1/proxy/open/');
    assert.deepEqual([headers.authorization, url], [undefined, '/']);
  });

  for (const [who, status, headers] of [
    ['nobody', 401, { 'x-test-user': 'nobody' }],
    ['a user who is not connected', 409, { 'x-test-user': 'bob' }],
  ] as const) {
    it(`of ${who} is answered ${status}`, async () => {
      assert.equal((await ask(app.server, '/v1/proxy/one/x', { headers })).status, status);
    });
  }

  it('of any user goes with the credential that is everybody’s, where there is no own one', async () => {
    app.connections.put('all', system.url, { user: '', token: { headers: { 'x-shared': 's' } } });
    const { headers } = await echo('/v1/proxy/all/x', { headers: { 'x-test-user': 'bob' } });
    assert.equal(headers['x-shared'], 's');
  });

  for (const [what, url, status, code] of [
    ['nobody is there', 'http://127.0.0.1:1', 502, 'MESH_ENDPOINT_UNREACHABLE'],
    ['it may not be asked', 'http://10.0.0.1', 422, 'MESH_ENDPOINT_REFUSED'],
    ['it does not answer', '', 504, 'MESH_ENDPOINT_TIMEOUT'],
  ] as const) {
    it(`says why there is no answer: ${what}`, async () => {
      answer = () => undefined;
      app.connections.put('two', url === '' ? system.url : url);
      const { status: told, json } = await ask(app.server, '/v1/proxy/two/x');
      assert.deepEqual([told, json['code']], [status, code]);
    });
  }

  describe('of a plugin during a callout', () => {
    before(() => {
      const target = { url: `${system.url}/base`, skipTlsValidation: false, caCert: null };
      const reach = { plugin: 'its', target, headers: { 'x-credential': 'c' } };
      app.reaches.set('r1', { ...reach, endsAt: Date.now() + 600_000 });
    });

    it('is cut when the time of the callout is over, however long the answer goes on', async () => {
      answer = (_request, response) => void response.write('and so on');
      app.reaches.set('short', { ...app.reaches.get('r1')!, endsAt: Date.now() + 300 });
      await assert.rejects(ask(app.server, '/v1/reach/short/x', { headers: { 'x-test-plugin': 'its' } }));
    });

    it('goes where the callout is about, with the credential', async () => {
      const { url, headers } = await echo('/v1/reach/r1/api?x', { headers: { 'x-test-plugin': 'its' } });
      assert.deepEqual([url, headers['x-credential']], ['/base/api?x', 'c']);
    });

    for (const [what, path, headers, status] of [
      ['another plugin', '/v1/reach/r1/x', { 'x-test-plugin': 'other' }, 404],
      ['a user', '/v1/reach/r1/x', {}, 403],
      ['the plugin, when it is over', '/v1/reach/r2/x', { 'x-test-plugin': 'its' }, 404],
      ['the plugin, to what is not below', '/v1/reach/r1/../x', { 'x-test-plugin': 'its' }, 400],
    ] as const) {
      it(`is refused to ${what}`, async () => {
        assert.equal((await ask(app.server, path, { headers })).status, status);
      });
    }
  });
});
