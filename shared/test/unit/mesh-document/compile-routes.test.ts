import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileRoutes, type Guard, type RouteGuard, type RouteRule } from '@plugmesh/shared/mesh-document';

function guardOf(guard: Guard, routes: readonly RouteRule[]): (path: string, method?: string) => RouteGuard {
  const match = compileRoutes({ guard, routes, timeoutMs: 1000, maxBody: 10 });
  return (path, method = 'GET') => match(path, method).guard;
}

describe('route patterns', () => {
  it('leave the plugin’s own guard where no rule matches', () => {
    const at = guardOf('session', [{ path: '/open', guard: 'public' }]);
    assert.equal(at('/other'), 'session');
    assert.equal(at('/'), 'session');
  });

  it('let * stand for one segment and ** for the rest', () => {
    const at = guardOf('session', [
      { path: '/one/*', guard: 'public' },
      { path: '/all/**', guard: 'public' },
    ]);
    assert.equal(at('/one/x'), 'public');
    for (const path of ['/one', '/one/', '/one/x/y', '/all', '/all/', '/allx/y'])
      assert.equal(at(path), 'session', path);
    for (const path of ['/all/x', '/all/x/y']) assert.equal(at(path), 'public', path);
  });

  it('take the most specific rule, whatever the order', () => {
    const rules: RouteRule[] = [
      { path: '/**', guard: 'admin' },
      { path: '/v1/**', guard: 'session' },
      { path: '/v1/*', guard: 'key' },
      { path: '/v1/near', guard: 'public' },
    ];
    for (const order of [rules, rules.toReversed()]) {
      const at = guardOf('admin', order);
      assert.deepEqual(
        ['/v1/near', '/v1/far', '/v1/far/off', '/v2'].map((path) => at(path)),
        ['public', 'key', 'session', 'admin'],
      );
    }
  });

  it('compare segment by segment: an early literal beats a later one', () => {
    const at = guardOf('session', [
      { path: '/*/users', guard: 'public' },
      { path: '/v1/*', guard: 'admin' },
    ]);
    assert.equal(at('/v1/users'), 'admin');
    assert.equal(at('/v2/users'), 'public');
  });

  it('hold for their methods only, and GET includes HEAD', () => {
    const at = guardOf('session', [{ path: '/x', methods: ['GET'], guard: 'public' }]);
    assert.equal(at('/x', 'GET'), 'public');
    assert.equal(at('/x', 'HEAD'), 'public');
    assert.equal(at('/x', 'POST'), 'session');
  });

  it('prefer a rule for the method to one for all methods of the same path', () => {
    const at = guardOf('session', [
      { path: '/x', guard: 'public' },
      { path: '/x', methods: ['POST', 'PUT'], guard: 'admin' },
    ]);
    assert.equal(at('/x', 'GET'), 'public');
    assert.equal(at('/x', 'PUT'), 'admin');
  });

  it('carry limits and the plugins that may call, with the plugin’s own as defaults', () => {
    const route: RouteRule = { path: '/big', guard: 'session', maxBody: 99, plugins: ['ships'] };
    const match = compileRoutes({ guard: 'session', routes: [route], timeoutMs: 1000, maxBody: 10 });
    assert.deepEqual(match('/big', 'POST'), {
      path: '/big',
      guard: 'session',
      timeoutMs: 1000,
      maxBody: 99,
      plugins: ['ships'],
    });
    assert.deepEqual(match('/', 'POST'), { guard: 'session', timeoutMs: 1000, maxBody: 10, plugins: [] });
  });
});

describe('other spellings of a path', () => {
  const at = guardOf('session', [
    { path: '/admin/**', guard: 'admin' },
    { path: '/keys', guard: 'admin' },
    { path: '/open', guard: 'public' },
    { path: '/files/**', guard: 'public' },
    { path: '/files/mine', guard: 'session' },
    { path: '/files/*/key', guard: 'key' },
  ]);

  for (const path of ['/admin', '/ADMIN/x', '/Admin/', '/KEYS', '/keys/', '/Keys/', '/%6beys', '/ke%79s/']) {
    it(`do not get around a stricter rule: ${path}`, () => assert.equal(at(path), 'admin'));
  }

  for (const path of ['/OPEN', '/open/', '/Open', '/FILES/x']) {
    it(`are not opened by a looser rule: ${path}`, () => assert.equal(at(path), 'session'));
  }

  it('do not get around a rule that closes a part of what another one opens', () => {
    assert.equal(at('/files/a'), 'public');
    assert.equal(at('/files/MINE'), 'session');
    assert.equal(at('/files/mine/'), 'session');
    assert.equal(at('/files/a/KEY'), 'key');
  });

  it('never have a looser guard than the spelling of the rule', () => {
    const guards = ['public', 'key', 'session', 'admin'] as const;
    const fromOpen: readonly RouteGuard[] = [...guards, 'none'];
    const segment = fc.constantFrom('a', 'b', '*');
    const path = fc
      .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([parts, isOpen]) => `/${parts.join('/')}${isOpen ? '/**' : ''}`);
    const route = fc.record({ path, guard: fc.constantFrom(...fromOpen) });
    const request = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.constantFrom(...guards),
        fc.array(route, { maxLength: 6 }),
        request,
        (own, routes, parts) => {
          const guard = guardOf(own, routes);
          const written = `/${parts.join('/')}`;
          for (const spelling of [written.toUpperCase(), `${written}/`, written.replace('a', '%61')]) {
            const difference = fromOpen.indexOf(guard(spelling)) - fromOpen.indexOf(guard(written));
            assert.ok(difference >= 0, `${spelling} is looser than ${written}`);
          }
        },
      ),
    );
  });

  it("with the guard 'none' let in, in another spelling, only the plugins of every rule that it may be read as", () => {
    const match = compileRoutes({
      guard: 'session',
      timeoutMs: 1000,
      maxBody: 10,
      routes: [
        { path: '/inside/**', guard: 'none', plugins: ['a', 'b'] },
        { path: '/*/news', guard: 'none', plugins: ['*'] },
        { path: '/Inside/old', guard: 'none', plugins: ['b', 'c'] },
      ],
    });
    const at = (path: string): readonly string[] => match(path, 'GET').plugins;
    assert.deepEqual(
      [at('/inside/news'), at('/INSIDE/news'), at('/other/news')],
      [['a', 'b'], ['a', 'b'], ['*']],
    );
    assert.deepEqual([at('/Inside/old'), at('/inside/old')], [['b', 'c'], ['b']]);
  });
});
