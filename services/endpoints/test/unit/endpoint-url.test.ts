import assert from 'node:assert/strict';
import { endpointUrl } from '../../src/endpoints/endpoint-url.ts';

describe('the URL of an endpoint', () => {
  const same: readonly [string, string][] = [
    ['https://Example.ORG', 'https://example.org'],
    ['HTTPS://example.org:443/', 'https://example.org'],
    ['http://example.org:80', 'http://example.org'],
    ['http://example.org:443', 'http://example.org:443'],
    ['https://example.org/Path/', 'https://example.org/Path'],
    ['https://example.org/a/../b//', 'https://example.org/b'],
    ['http://[::1]:9090/', 'http://[::1]:9090'],
    ['http://0x7f.1/', 'http://127.0.0.1'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example'],
  ];
  for (const [written, kept] of same)
    it(`is kept as '${kept}' when '${written}' is written`, () => assert.equal(endpointUrl(written), kept));

  const refused: readonly [string, string][] = [
    ['', 'MESH_BAD_REQUEST'],
    ['example.org', 'MESH_BAD_REQUEST'],
    ['https://user@example.org', 'MESH_BAD_REQUEST'],
    ['https://:secret@example.org', 'MESH_BAD_REQUEST'],
    ['https://example.org/?', 'MESH_BAD_REQUEST'],
    ['https://example.org/#', 'MESH_BAD_REQUEST'],
    ['file:///etc/passwd', 'MESH_ENDPOINT_REFUSED'],
    ['ws://example.org', 'MESH_ENDPOINT_REFUSED'],
  ];
  for (const [written, code] of refused)
    it(`is refused as '${written}', and does not come again in the message`, () => {
      assert.throws(
        () => endpointUrl(written),
        (error: { code: string; message: string }) =>
          error.code === code && !error.message.includes('secret'),
      );
    });
});
