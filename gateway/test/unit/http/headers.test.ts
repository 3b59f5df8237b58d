import assert from 'node:assert/strict';
import { cleanRequestHeaders, cleanResponseHeaders } from '../../../src/http/headers.ts';

describe('cleanRequestHeaders', () => {
  it("copies what is the client's and leaves the original alone", () => {
    const headers = { accept: '*/*', connection: 'x-a', 'x-a': '1', 'x-plugmesh-user': 'root' };
    assert.deepEqual(cleanRequestHeaders(headers), { accept: '*/*' });
    assert.equal(headers['x-a'], '1');
  });

  it('drops every spelling of a reserved name and keeps other underscores', () => {
    const forged = [
      'x_plugmesh_user',
      'x.forwarded.for',
      'x-forwarded_proto',
      'content_length',
      'x_api_key',
      'x_request_id',
      'x~plugmesh!user',
      'x+forwarded`for',
    ];
    const headers = Object.fromEntries([...forged, 'my_header'].map((name) => [name, '1']));
    assert.deepEqual(cleanRequestHeaders(headers), { my_header: '1' });
  });

  it('does not let Connection remove what a plugin or the framing depends on', () => {
    const headers = {
      connection: 'Host, Content-Length, Cookie, Authorization',
      host: 'a',
      'content-length': '3',
      cookie: 'b=1',
    };
    assert.deepEqual(cleanRequestHeaders(headers), { host: 'a', 'content-length': '3', cookie: 'b=1' });
  });
});

describe('cleanResponseHeaders', () => {
  it("removes the mesh's cookies and keeps the plugin's", () => {
    const headers = {
      'set-cookie': [
        'a=1',
        ' PLUGMESH-session=x',
        '__Secure-plugmesh_y=z',
        'notplugmesh=1',
        '=plugmesh-session=x',
      ],
    };
    cleanResponseHeaders(headers);
    assert.deepEqual(headers, { 'set-cookie': ['a=1', 'notplugmesh=1'] });
  });
});
