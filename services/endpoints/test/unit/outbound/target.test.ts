import assert from 'node:assert/strict';
import { addressBelow, parseAddress } from '../../../src/outbound/target.ts';

const target = { url: 'https://example.org/base', skipTlsValidation: false, caCert: null };

describe('the address of a request', () => {
  for (const [path, expected] of [
    ['', '/base'],
    ['/', '/base/'],
    ['/api/v1?q=/../&x=%2f', '/base/api/v1?q=/../&x=%2f'],
    ['/a.b/..c/d..', '/base/a.b/..c/d..'],
    ['/a%20b', '/base/a%20b'],
    ['?q=1', '/base?q=1'],
    ['/x#fragment', '/base/x'],
    ['/x?q#fragment', '/base/x?q'],
  ] as const) {
    it(`of '${path}' is '${expected}'`, () => {
      assert.deepEqual(addressBelow(target, path), { origin: 'https://example.org', path: expected });
    });
  }

  it('of the root is a slash', () => {
    assert.equal(addressBelow({ ...target, url: 'https://example.org' }, '').path, '/');
  });

  const outside = [
    '/..',
    '/../x',
    '/a/../b',
    '/./x',
    '/%2e%2e/x',
    '/.%2E',
    '/%252e%252e/',
    '/a//b',
    '//evil.example/x',
  ];
  const separated = ['/a%2fb', '/a%2Fb', '/%5c..', '/a\\b', '/..;/x', '/a%252f', '/a%3bb'];
  const broken = [
    'x',
    '@evil.example',
    '.evil.example',
    ':80/x',
    '/a b',
    '/a\r\nX: y',
    '/a%0d%0a',
    '/a%00',
    '/%',
    '/%zz',
    '/ä',
  ];
  for (const path of [...outside, ...separated, ...broken]) {
    it(`cannot be made of ${JSON.stringify(path)}`, () => {
      assert.throws(() => addressBelow(target, path), { code: 'MESH_BAD_REQUEST' });
    });
  }

  for (const url of [
    'ftp://example.org',
    'file:///etc/passwd',
    'https://ada@example.org',
    'http://:pw@example.org',
    'x',
    '',
  ]) {
    it(`cannot be at '${url}'`, () => {
      assert.throws(() => parseAddress(url), { code: 'MESH_ENDPOINT_REFUSED' });
    });
  }
});
