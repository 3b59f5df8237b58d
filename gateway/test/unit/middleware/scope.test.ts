import assert from 'node:assert/strict';
import { isInScope, scopeOf } from '../../../src/middleware/scope.ts';

describe('the scope of middleware', () => {
  for (const [match, rest, isMeant] of [
    ['/', '/x', true],
    ['/api', '/x', true],
    ['/api/a', '/x', true],
    ['/api/a/', '/x', true],
    ['/api/b', '/x', false],
    ['/api/a/@admin', '/@admin/x', true],
    ['/api/a/@admin', '/%40admin/x', true],
    ['/api/a/%40admin', '/@admin', true],
    ['/api/a/admin', '/Admin', true],
    ['/api/a/admin', '/admin/', true],
    ['/api/a/admin', '/administrator', false],
    ['/api/a/admin', '/', false],
    ['/api/A%21', '/x', false],
  ] as const) {
    it(`${isMeant ? 'has' : 'has not'} ${rest} of /api/a for '${match}'`, () => {
      const scope = scopeOf([match], ['/api/a']);
      assert.equal(scope !== undefined && isInScope(scope, rest), isMeant);
    });
  }
});
