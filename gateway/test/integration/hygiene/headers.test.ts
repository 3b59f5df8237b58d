import assert from 'node:assert/strict';
import { describeHygiene } from '../../support/hygiene-stage.ts';

describeHygiene('headers', ({ upstream, get, refuses }) => {
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
});
