import assert from 'node:assert/strict';
import { loadSecrets } from '@plugmesh/shared/identity';
import { Seal } from '../../../src/long-poll/seal.ts';

const sealOf = (...secrets: string[]): Seal => new Seal(loadSecrets({ secrets, stateDir: '/nowhere' }));
const NEW = 'the newest secret of all';
const OLD = 'an older secret than that';

describe('a seal', () => {
  const seal = sealOf(NEW);

  it('opens what was sealed for the same address, and shows nothing of it', () => {
    const sealed = seal.seal('here', 'grüß');
    assert.equal(seal.open('here', sealed), 'grüß');
    assert.ok(!sealed.includes('gr'));
    assert.notDeepEqual(seal.seal('here', 'grüß'), sealed);
  });

  it('opens nothing for another address, by another secret, or changed', () => {
    const sealed = seal.seal('here', 'text');
    assert.equal(seal.open('there', sealed), undefined);
    assert.equal(sealOf(OLD).open('here', sealed), undefined);
    for (const at of sealed.keys()) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      assert.equal(seal.open('here', changed), undefined);
    }
    for (const length of [0, 1, 16, 31])
      assert.equal(seal.open('here', sealed.subarray(0, length)), undefined);
  });

  it('opens what an older secret sealed that is still kept', () => {
    assert.equal(sealOf(NEW, OLD).open('here', sealOf(OLD).seal('here', 'text')), 'text');
  });
});
