import assert from 'node:assert/strict';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from 'jose';
import {
  IdentityTokens,
  loadSecrets,
  opens,
  type KnownIdentity,
  type UserIdentity,
} from '../../../src/identity/index.ts';

const secretsOf = (...secrets: string[]) => loadSecrets({ secrets, stateDir: 'unused' });
const OLD = 'the secret of last year, long enough';
const NEW = 'the secret of this year, long enough';

const ANN: UserIdentity = {
  kind: 'user',
  id: 'id:1',
  name: 'Ann ∞',
  roles: ['admin', 'pilot'],
  guards: ['key', 'session', 'admin'],
  session: 'h'.repeat(43),
};

describe('identity tokens', () => {
  const tokens = new IdentityTokens(secretsOf(NEW));

  const everybody: readonly KnownIdentity[] = [
    ANN,
    { kind: 'user', id: '2', name: 'Bob', roles: [], guards: ['key'], key: 'abcdef0123' },
    { kind: 'key', id: 'gateway' },
    { kind: 'plugin', id: 'weather' },
    { kind: 'plugin', id: 'weather', actingFor: ANN },
  ];
  for (const identity of everybody) {
    it(`say who a ${identity.kind} is`, async () => {
      assert.deepEqual(await tokens.verify(await tokens.sign(identity, 'ships'), 'ships'), identity);
    });
  }

  it('have the claims that any JWT library knows, and a key that it finds by its id', async () => {
    const token = await tokens.sign(ANN, 'ships');
    const { iss, aud, sub, name, roles, sid, exp = 0, iat = 0 } = decodeJwt(token);
    assert.deepEqual([iss, aud, sub, name, roles], ['plugmesh', 'ships', 'user:id:1', ANN.name, ANN.roles]);
    assert.deepEqual([sid, exp - iat], [ANN.session, 60]);
    const keys = createLocalJWKSet(JSON.parse(JSON.stringify(tokens.jwks)) as typeof tokens.jwks);
    await jwtVerify(token, keys, { audience: 'ships' });
    assert.equal(tokens.jwks.keys[0]?.kid, decodeProtectedHeader(token).kid);
    assert.deepEqual(Object.keys(tokens.jwks.keys[0] ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });

  it('of a key that is not for administrators name none', async () => {
    const token = await tokens.sign({ ...ANN, guards: ['session'] }, 'ships');
    assert.deepEqual(decodeJwt(token)['roles'], ['pilot']);
    assert.ok(!opens(await tokens.verify(token, 'ships'), 'admin'));
  });

  const refused = async (token: string, audience = 'ships'): Promise<void> =>
    assert.rejects(tokens.verify(token, audience), { code: 'MESH_UNAUTHORIZED' });

  it('count for their audience only', async () => refused(await tokens.sign(ANN, 'ships'), 'weather'));

  it('of other keys, other issuers, other algorithms or without an end do not count', async () => {
    const { privateKey } = await generateKeyPair('EdDSA');
    const kid = tokens.jwks.keys[0]?.kid ?? '';
    const claims = decodeJwt(await tokens.sign(ANN, 'ships'));
    await refused(await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid }).sign(privateKey));
    const secret = Buffer.from(tokens.jwks.keys[0]?.['x'] as string, 'base64url');
    await refused(await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(secret));
    const none = [{ alg: 'none', kid }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    await refused(`${none.join('.')}.`);
    for (const token of ['', 'a.b.c', 'nonsense']) await refused(token);
  });

  it('run out after a minute', async () => {
    const token = await tokens.sign(ANN, 'ships');
    const keys = createLocalJWKSet(tokens.jwks);
    const options = { audience: 'ships', currentDate: new Date(Date.now() + 61_000) };
    await assert.rejects(jwtVerify(token, keys, options), { code: 'ERR_JWT_EXPIRED' });
  });

  it('count in every process while secrets are exchanged, in any order of restarts', async () => {
    // OLD → OLD,NEW → NEW,OLD → NEW: each process is one step ahead of another, or behind it.
    const steps = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]].map(
      (list) => new IdentityTokens(secretsOf(...list)),
    );
    for (let step = 1; step < steps.length; step++) {
      const [behind, ahead] = [steps[step - 1]!, steps[step]!];
      assert.deepEqual(await ahead.verify(await behind.sign(ANN, 'a'), 'a'), ANN);
      assert.deepEqual(await behind.verify(await ahead.sign(ANN, 'a'), 'a'), ANN);
    }
    await assert.rejects(steps[3]!.verify(await steps[0]!.sign(ANN, 'a'), 'a'));
  });
});
