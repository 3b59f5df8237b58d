import assert from 'node:assert/strict';
import { once } from 'node:events';
import { ask } from '../../support/ask.ts';
import { ExternalSystem } from '../../support/external-system.ts';
import { ProxyApp } from '../../support/proxy-app.ts';

describe('a request to several endpoints', () => {
  const app = new ProxyApp();
  let system: ExternalSystem;

  before(async () => {
    system = await ExternalSystem.http((request, response) => {
      const { url = '', headers } = request;
      if (url.startsWith('/large')) response.end('x'.repeat(2 * 1024 * 1024));
      else if (url.startsWith('/text')) response.writeHead(404).end('no');
      else if (url.startsWith('/broken'))
        response.writeHead(200, { 'content-type': 'application/json' }).end('{');
      else
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ url, by: headers.authorization, range: headers.range }));
    });
    app.server.listen(0, '127.0.0.1');
    await once(app.server, 'listening');
    for (const guid of ['a', 'b', 'c', 'd'])
      app.connections.put(guid, `${system.url}/${guid}`, { token: { headers: { authorization: guid } } });
    app.connections.put('text', `${system.url}/text`);
    app.connections.put('large', `${system.url}/large`);
    app.connections.put('broken', `${system.url}/broken`);
    app.connections.put('gone', 'http://127.0.0.1:1');
  });
  after(async () => {
    system.stop();
    await app.stop();
  });

  const several = (guids: string, path = '/x?q=1', options = {}) =>
    ask(app.server, `/v1/proxy?guids=${guids}&path=${encodeURIComponent(path)}`, options);

  it('asks each with its own credential, and answers by their ids', async () => {
    const { status, json } = await several('a,b,a', '/x?q=1', { headers: { range: 'bytes=0-1' } });
    assert.equal(status, 200);
    assert.deepEqual(json, {
      a: { status: 200, body: { url: '/a/x?q=1', by: 'a' } },
      b: { status: 200, body: { url: '/b/x?q=1', by: 'b' } },
    });
  });

  it('says of each what is wrong with it, and of the others what they say', async () => {
    const { json } = await several('gone,a,large');
    const codes = Object.entries(json).map(([guid, said]) => [
      guid,
      (said as Said).error?.code ?? 'answered',
    ]);
    assert.deepEqual(Object.fromEntries(codes), {
      gone: 'MESH_ENDPOINT_UNREACHABLE',
      a: 'answered',
      large: 'MESH_RESPONSE_TOO_LARGE',
    });
    const more = await several('unknown,text,broken');
    assert.equal((more.json['unknown'] as Said).error?.code, 'MESH_ENDPOINT_NOT_CONNECTED');
    assert.deepEqual(more.json['text'], { status: 404, body: 'no' });
    assert.deepEqual(more.json['broken'], { status: 200, body: '{' });
  });

  for (const [what, path, options, status] of [
    ['more than are allowed', '/v1/proxy?guids=a,b,c,d&path=/', {}, 400],
    ['none', '/v1/proxy?path=/', {}, 400],
    ['what is no id', '/v1/proxy?guids=a,../b&path=/', {}, 400],
    ['two lists', '/v1/proxy?guids=a&guids=b&path=/', {}, 400],
    ['a POST', '/v1/proxy?guids=a&path=/', { method: 'POST', body: 'x' }, 405],
    ['nobody', '/v1/proxy?guids=a&path=/', { headers: { 'x-test-user': 'nobody' } }, 401],
  ] as const) {
    it(`is refused for ${what}: ${status}`, async () => {
      assert.equal((await ask(app.server, path, options)).status, status);
    });
  }
});

interface Said {
  readonly error?: { readonly code: string };
}
