import assert from 'node:assert/strict';
import { OriginList } from '../../../src/http/origin-list.ts';

const LIST = new OriginList(['https://app.test', 'https://*.example.org', 'http://*.dev.test:3000']);

describe('OriginList', () => {
  for (const origin of [
    'https://app.test',
    'https://a.example.org',
    'https://a.b-c.example.org',
    'https://xn--bcher-kva.example.org',
    'http://x.dev.test:3000',
  ]) {
    it(`names '${origin}'`, () => assert.ok(LIST.names(origin)));
  }

  for (const origin of [
    'https://example.org',
    'https://evilexample.org',
    'https://evil-example.org',
    'https://a.example.org.evil.test',
    'https://a.example.org:8443',
    'http://a.example.org',
    'https://evil.test/.example.org',
    'https://evil.test?.example.org',
    'https://evil.test#.example.org',
    'https://user@.example.org',
    'https://a@b.example.org',
    'https://a:1.example.org',
    'https://.example.org',
    'https://..example.org',
    'https://*.example.org',
    'https://*.example.org@evil.test',
    'https://a.EXAMPLE.org',
    'https://sub.app.test',
    'http://x.dev.test',
    'null',
    '*',
    '',
  ]) {
    it(`does not name '${origin}'`, () => assert.ok(!LIST.names(origin)));
  }

  it('names nobody by a star, which is every origin without credentials', () => {
    const all = new OriginList(['*']);
    assert.deepEqual([all.hasAll, all.names('https://app.test'), all.names('*')], [true, false, false]);
  });
});
