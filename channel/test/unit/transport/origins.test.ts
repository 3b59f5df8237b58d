import assert from 'node:assert/strict';
import { compileOrigins } from '../../../src/transport/origins.ts';

const cases = [
  ['no origin', [], undefined, 'mesh:1', true],
  ['the own host', [], 'http://mesh:2347', 'mesh:2347', true],
  ['the own host with the default port', [], 'https://mesh', 'mesh', true],
  ['the own host with another port', [], 'http://mesh:1', 'mesh:2347', false],
  ['another host', [], 'http://evil', 'mesh', false],
  ['a listed origin', ['https://app.example'], 'https://app.example', 'mesh', true],
  ['a listed origin with another scheme', ['https://app.example'], 'http://app.example', 'mesh', false],
  ['a host without scheme', ['//app.example'], 'http://app.example:99', 'mesh', true],
  ['a bare host', ['app.example'], 'http://app.example', 'mesh', true],
  ['a host with a port', ['app.example:443'], 'https://app.example', 'mesh', true],
  ['a host with another port', ['app.example:444'], 'https://app.example', 'mesh', false],
  ['a name below a wildcard', ['//*.example'], 'https://a.b.example', 'mesh', true],
  ['the name of a wildcard itself', ['//*.example'], 'https://example', 'mesh', false],
  ['a name that only ends alike', ['//*.example'], 'https://evilexample', 'mesh', false],
  ['letter case', ['https://App.Example'], 'https://APP.example', 'mesh', true],
  ['a scheme alone', ['https://'], 'https://anything', 'mesh', true],
  ['an empty entry', [''], 'https://anything', 'mesh', false],
  ['a user before a name below a wildcard', ['//*.example'], 'https://evil@a.example', 'mesh', false],
  ['a fragment before a wildcard', ['//*.example'], 'https://evil#.example', 'mesh', false],
  ['an opaque origin', [], 'null', 'null', false],
  ['no host header', [], 'http://evil', undefined, false],
  ['an IPv6 host', [], 'http://[::1]:2347', '[::1]:2347', true],
] as const;

describe('the origin check', () => {
  for (const [label, entries, origin, host, expected] of cases) {
    it(`${expected ? 'lets in' : 'refuses'} ${label}`, () => {
      const isAllowed = compileOrigins(entries, { allowLoopback: false });
      assert.equal(isAllowed({ origin, hosts: [host] }), expected);
    });
  }

  it('lets in loopback pages of any port in development', () => {
    const isAllowed = compileOrigins([], { allowLoopback: true });
    assert.ok(isAllowed({ origin: 'http://localhost:5173', hosts: ['mesh'] }));
    assert.ok(!isAllowed({ origin: 'http://localhost.evil', hosts: ['mesh'] }));
  });
});
