import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseTarget } from '../../../src/http/path.ts';

describe('parseTarget', () => {
  it('leaves plain paths and queries as they are', () => {
    assert.deepEqual(parseTarget("/a/b-_.~!$&'()*+,=:@|^[]/?x=%zz;/../"), {
      path: "/a/b-_.~!$&'()*+,=:@|^[]/",
      query: '?x=%zz;/../',
    });
  });

  it('decodes unreserved characters once and writes the rest in capitals', () => {
    assert.equal(parseTarget('/%7e%41%2D%c3%a9%25').path, '/~A-%C3%A9%25');
    assert.equal(parseTarget('/%2541').path, '/%2541');
  });

  for (const path of [
    '',
    'a',
    '/..',
    '/a/%2e%2E',
    '/.',
    '//',
    '/a//b',
    '/;',
    '/%3B',
    '/\\',
    '/%5C',
    '/%2f',
    '/%00',
    '/%1F',
    '/%7F',
    '/%',
    '/%a',
    '/%ag',
    '/ä',
    '/"',
    '/<',
    '/{',
    '/#',
  ]) {
    it(`refuses '${path}'`, () => assert.throws(() => parseTarget(path), { code: 'MESH_BAD_REQUEST' }));
  }

  it('gives a path that it would give again, without dot segments, or refuses', () => {
    const pieces = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '%41',
      '%25',
      'a',
      ';',
      '//',
      '%',
      '%5c',
      '~',
      '%c3',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const target = `/${parts.join('')}`;
        let path: string;
        try {
          path = parseTarget(target).path;
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'MESH_BAD_REQUEST');
          return;
        }
        assert.equal(parseTarget(path).path, path);
        assert.equal(new URL(`http://a${path}`).pathname, path);
      }),
      { numRuns: 2000 },
    );
  });
});
