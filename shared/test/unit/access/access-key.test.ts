import assert from 'node:assert/strict';
import { accessKeyOf } from '../../../src/access/index.ts';
import type { Identity, UserIdentity } from '../../../src/identity/index.ts';

const ANN: UserIdentity = { kind: 'user', id: 'ann', name: 'Ann', roles: [], guards: ['key'] };

describe('accessKeyOf', () => {
  const known: readonly (readonly [who: string, identity: Identity, key: string | undefined])[] = [
    ['a session', { ...ANN, session: 'hash' }, 'plugmesh:session:hash'],
    ['an API key', { ...ANN, key: 'prefix' }, 'plugmesh:key:prefix'],
    ['nobody', { kind: 'anonymous' }, undefined],
    ['a key of the configuration', { kind: 'key', id: 'gateway' }, undefined],
    ['a plugin', { kind: 'plugin', id: 'ships', actingFor: { ...ANN, session: 'hash' } }, undefined],
  ];
  for (const [who, identity, key] of known) {
    it(`is ${key ?? 'nothing'} for ${who}`, () => assert.equal(accessKeyOf(identity), key));
  }
});
