import assert from 'node:assert/strict';
import { IdentityTokens, loadSecrets, type Identity, type UserIdentity } from '@plugmesh/shared/identity';
import type { IncomingHttpHeaders } from 'node:http';
import { IdentitySteps } from '../../../src/identity/identity-steps.ts';
import { ToldCache } from '../../../src/identity/told-cache.ts';
import { takeSteps, type Visit } from '../../../src/visit.ts';

const ANN: UserIdentity = {
  kind: 'user',
  id: 'Änn, the 1st',
  name: 'Ann',
  roles: ['admin', 'a,b'],
  guards: ['key', 'session', 'admin'],
  session: 'h'.repeat(43),
};

const tokens = new IdentityTokens(
  loadSecrets({ secrets: ['a secret of at least thirty-two characters'], stateDir: 'unused' }),
);

describe('the identity headers', () => {
  const { actFor, tell } = new IdentitySteps(tokens);

  /** What the plugin `ships` is told, with what the client and earlier steps have said. */
  const told = async (
    identity: Identity,
    from: { client?: IncomingHttpHeaders; steps?: IncomingHttpHeaders } = {},
  ): Promise<IncomingHttpHeaders> => {
    const visit = {
      identity,
      req: { headers: from.client ?? {} },
      route: { id: 'ships' },
      forInstance: from.steps,
    } as unknown as Visit;
    await takeSteps([actFor, tell], visit);
    return visit.forInstance ?? {};
  };

  it('name a user and the roles, percent-encoded, beside a token for this plugin alone', async () => {
    const { 'x-plugmesh-identity': token, ...plain } = await told(ANN);
    assert.deepEqual(plain, {
      'x-plugmesh-user': '%C3%84nn%2C%20the%201st',
      'x-plugmesh-roles': 'admin,a%2Cb',
    });
    assert.deepEqual(await tokens.verify(String(token), 'ships'), ANN);
    await assert.rejects(tokens.verify(String(token), 'weather'));
  });

  it('say nothing of nobody', async () => assert.deepEqual(await told({ kind: 'anonymous' }), {}));

  it('name no user for a key of the configuration', async () => {
    const headers = await told({ kind: 'key', id: 'gateway' });
    assert.deepEqual(Object.keys(headers), ['x-plugmesh-identity']);
  });

  it('cannot be put there by a middleware, in any spelling', async () => {
    const steps = {
      'x-plugmesh-user': 'root',
      'X-Plugmesh-Roles': 'admin',
      x_plugmesh_identity: 'x',
      'x.plugmesh.plugin': 'weather',
      'x-tenant': '7',
    };
    assert.deepEqual(await told({ kind: 'anonymous' }, { steps: { ...steps } }), { 'x-tenant': '7' });
    const headers = await told(ANN, { steps: { ...steps } });
    assert.deepEqual(Object.keys(headers).sort(), [
      'x-plugmesh-identity',
      'x-plugmesh-roles',
      'x-plugmesh-user',
      'x-tenant',
    ]);
    assert.notEqual(headers['x-plugmesh-user'], 'root');
  });

  describe('of a plugin that calls another one', () => {
    const weather: Identity = { kind: 'plugin', id: 'weather' };
    const passOn = (token: string): { client: IncomingHttpHeaders } => ({
      client: { 'x-plugmesh-identity': token },
    });

    it('name the plugin, and no user', async () => {
      const { 'x-plugmesh-identity': token, ...plain } = await told(weather);
      assert.deepEqual(plain, { 'x-plugmesh-plugin': 'weather' });
      assert.deepEqual(await tokens.verify(String(token), 'ships'), weather);
    });

    it('name the user whose token it passes on', async () => {
      const headers = await told(weather, passOn(await tokens.sign(ANN, 'weather')));
      assert.equal(headers['x-plugmesh-plugin'], 'weather');
      assert.equal(headers['x-plugmesh-user'], encodeURIComponent(ANN.id));
      const identity = await tokens.verify(String(headers['x-plugmesh-identity']), 'ships');
      assert.deepEqual(identity, { ...weather, actingFor: ANN });
    });

    it('name the user also when it was itself called for that user', async () => {
      const called: Identity = { kind: 'plugin', id: 'clock', actingFor: ANN };
      const headers = await told(weather, passOn(await tokens.sign(called, 'weather')));
      const identity = await tokens.verify(String(headers['x-plugmesh-identity']), 'ships');
      assert.deepEqual(identity, { ...weather, actingFor: ANN });
    });

    it('end with the token that named the user: plugins cannot renew it among themselves', async () => {
      const soon = Math.floor(Date.now() / 1000) + 20;
      const called: Identity = { kind: 'plugin', id: 'clock', actingFor: ANN, until: soon };
      const headers = await told(weather, passOn(await tokens.sign(called, 'weather')));
      const { endsAt } = await tokens.read(String(headers['x-plugmesh-identity']), 'ships');
      assert.equal(endsAt, soon);
    });

    it('are refused with a token that another plugin was given, or none of ours', async () => {
      for (const token of [await tokens.sign(ANN, 'ships'), 'nonsense', '']) {
        await assert.rejects(told(weather, passOn(token)), { code: 'MESH_UNAUTHORIZED' }, token);
      }
    });
  });

  it('do not come from a token that a client passes on', async () => {
    const client = { 'x-plugmesh-identity': await tokens.sign(ANN, 'ships') };
    assert.deepEqual(await told({ kind: 'anonymous' }, { client }), {});
    const headers = await told({ kind: 'key', id: 'ships' }, { client });
    assert.equal(headers['x-plugmesh-user'], undefined);
  });
});

describe('what is remembered of identity headers', () => {
  const made = (n: number): IncomingHttpHeaders => ({ 'x-plugmesh-identity': `token ${n}` });

  it('is made once for all who ask, and again after half of a token’s life or for another role', async () => {
    let [signed, now] = [0, 0];
    const cache = new ToldCache(
      () => Promise.resolve(made(++signed)),
      () => now,
    );
    const both = await Promise.all([cache.get(ANN, 'ships'), cache.get(ANN, 'ships')]);
    assert.deepEqual(both, [made(1), made(1)]);
    now = 29_999;
    assert.deepEqual(cache.get(ANN, 'ships'), made(1));
    assert.deepEqual(await cache.get({ ...ANN, roles: [] }, 'ships'), made(2));
    assert.deepEqual(await cache.get(ANN, 'weather'), made(3));
    now = 30_000;
    assert.deepEqual(await cache.get(ANN, 'ships'), made(4));
    assert.deepEqual(cache.get(ANN, 'ships'), made(4));
    assert.deepEqual(cache.get(ANN, 'weather'), made(3));
  });

  it('is no failure', async () => {
    let fails = true;
    const cache = new ToldCache(() => (fails ? Promise.reject(new Error('no')) : Promise.resolve(made(1))));
    await assert.rejects(async () => cache.get(ANN, 'ships'));
    fails = false;
    assert.deepEqual(await cache.get(ANN, 'ships'), made(1));
  });

  it('serves a plugin that calls for the same user again', async () => {
    const steps = new IdentitySteps(tokens);
    const headers = { 'x-plugmesh-identity': await tokens.sign(ANN, 'weather') };
    const call = async (): Promise<Visit> => {
      const visit = { identity: { kind: 'plugin', id: 'weather' }, req: { headers }, route: { id: 'ships' } };
      await takeSteps([steps.actFor, steps.tell], visit as unknown as Visit);
      return visit as unknown as Visit;
    };
    assert.equal((await call()).forInstance, (await call()).forInstance);
  });
});
