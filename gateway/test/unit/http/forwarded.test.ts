import assert from 'node:assert/strict';
import { isSameOrigin } from '../../../src/http/cors.ts';
import { PeerBook, type Peer } from '../../../src/http/forwarded.ts';

describe('PeerBook', () => {
  const peers = new PeerBook(['10.0.0.0/8', '::1']);
  const peer = (address: string): Peer => ({ address, trusted: peers.trusts(address), proto: 'http' });

  it('believes nothing that a stranger says about itself', () => {
    const headers = {
      host: 'a',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'b',
      'x-forwarded-prefix': '/live',
    };
    assert.deepEqual(peers.origin(peer('192.0.2.1'), headers), {
      address: '192.0.2.1',
      for: '192.0.2.1',
      proto: 'http',
      host: 'a',
      prefix: '',
    });
  });

  it('believes a trusted proxy: the client is the last address that is not one, and what it says before that counts nowhere', () => {
    const headers = {
      host: 'inner',
      'x-forwarded-for': '6.6.6.6, 192.0.2.7, 10.1.1.1, junk',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'mesh.test:8443',
      'x-forwarded-prefix': '/live/',
    };
    assert.deepEqual(peers.origin(peer('10.0.0.2'), headers), {
      address: '192.0.2.7',
      for: '192.0.2.7, 10.1.1.1, 10.0.0.2',
      proto: 'https',
      host: 'mesh.test:8443',
      prefix: '/live',
    });
  });

  it('takes the first of several proxies for the client when there is nobody else', () => {
    const headers = { 'x-forwarded-for': '10.1.1.1, 10.2.2.2' };
    const origin = peers.origin(peer('10.0.0.2'), headers);
    assert.deepEqual([origin.address, origin.for], ['10.1.1.1', '10.1.1.1, 10.2.2.2, 10.0.0.2']);
    assert.equal(peers.origin(peer('10.0.0.2'), {}).for, '10.0.0.2');
  });

  it('writes IPv4 addresses in one way', () => {
    const headers = { 'x-forwarded-for': '::ffff:192.0.2.7, ::FFFF:10.1.1.1' };
    assert.equal(peers.origin(peer('10.0.0.2'), headers).for, '192.0.2.7, 10.1.1.1, 10.0.0.2');
  });

  it('takes nothing malformed even from a trusted proxy', () => {
    const headers = { host: 'a', 'x-forwarded-proto': 'gopher', 'x-forwarded-host': 'b/c' };
    const { proto, host } = peers.origin(peer('::1'), headers);
    assert.deepEqual([proto, host], ['http', 'a']);
  });

  it('takes a prefix only when it is a path of plain segments', () => {
    const prefixOf = (value: string): string =>
      peers.origin(peer('::1'), { 'x-forwarded-prefix': value }).prefix;
    for (const path of ['/live', '/a/b-c/~d.e/.f']) assert.equal(prefixOf(path), path);
    const wrong = [
      'live',
      '/',
      '//evil.test',
      '/\\evil.test',
      'https://evil.test',
      '/a/../b',
      '/a/.',
      '/a//b',
    ];
    wrong.push('/a b', '/a?b', '/a#b', '/%2e%2e', '/a;b', '/a\r\nx: y', `/${'a'.repeat(255)}`);
    for (const value of wrong) assert.equal(prefixOf(value), '', value);
  });
});

describe('addresses and origins', () => {
  const at = (host: string, proto: 'http' | 'https' = 'http') => ({ host, proto });

  it('compares origins with the host asked for', () => {
    assert.ok(isSameOrigin('http://A.test:2345', at('a.test:2345')));
    assert.ok(isSameOrigin('http://a.test', at('a.test:80')));
    assert.ok(isSameOrigin('https://a.test', at('a.test:443')));
    assert.ok(!isSameOrigin('https://a.test', at('a.test:80')));
    assert.ok(isSameOrigin('https://a.test', at('a.test', 'https')));
    assert.ok(
      !isSameOrigin('http://a.test', at('a.test', 'https')),
      'a page that anybody on the way may write',
    );
    for (const origin of ['http://a.test:2346', 'http://a.test.evil', 'null', 'a.test:2345']) {
      assert.ok(!isSameOrigin(origin, at('a.test:2345')), origin);
    }
  });
});
