import assert from 'node:assert/strict';
import { describeHygiene } from '../../support/hygiene-stage.ts';

describeHygiene('paths', ({ upstream, get, forwarded }) => {
  for (const path of [
    '/api/ships/../admin',
    '/api/ships/..',
    '/api/ships/./x',
    '/api/ships/%2e%2e/x',
    '/api/ships/%2E./x',
    '/api/ships%2f..',
    '/api/ships/a%2Fb',
    '/api/ships/a%5cb',
    '/api/ships/a\\b',
    '/api//ships/',
    '//api/ships/',
    '/api/ships//x',
    '/api/ships/;a=b/x',
    '/api/ships/..;/x',
    '/api/ships/%3bx',
    '/api/ships/%00',
    '/api/ships/%0d%0aX-A:b',
    '/api/ships/%7f',
    '/api/ships/%',
    '/api/ships/%4',
    '/api/ships/%zz',
    '/api/ships/%u0041',
    '/api/ships/x#y',
    '/api/ships/x?y#z',
    '/api/ships/x\u00e9',
    'api/ships/',
    '*',
  ]) {
    it(`answers 400 to '${path}'`, async () => {
      const answer = await get(path);
      assert.equal(answer.status, 400, answer.text);
      assert.equal(forwarded(), 0);
    });
  }

  it('decodes unreserved characters once, for the route and for the upstream', async () => {
    assert.equal((await get('/%61pi/sh%69ps/%41%2dz%7E%20%c3%a9%252e?q=%61;x=/../y')).status, 200);
    assert.equal(upstream.last.path, '/A-z~%20%C3%A9%252e?q=%61;x=/../y');
  });

  for (const path of [
    '/API/ships/',
    '/api/Ships/',
    '/api/shipsx/',
    '/apix/ships',
    '/Ships/',
    '/api/ships%20/',
  ]) {
    it(`does not take '${path}' for the plugin`, async () => {
      assert.equal((await get(path)).status, 404);
      assert.equal(forwarded(), 0);
    });
  }

  it('strips prefix and alias, and says which', async () => {
    for (const [path, stripped, prefix] of [
      ['/api/ships', '/', '/api/ships'],
      ['/api/ships/', '/', '/api/ships'],
      ['/api/ships?a=/b', '/?a=/b', '/api/ships'],
      ['/api/ships/v1/x/', '/v1/x/', '/api/ships'],
      ['/ships/v1', '/v1', '/ships'],
    ] as const) {
      await get(path);
      assert.equal(upstream.last.path, stripped);
      assert.deepEqual(upstream.header('x-forwarded-prefix'), [prefix]);
    }
  });
});
