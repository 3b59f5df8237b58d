import assert from 'node:assert/strict';
import { SetsByKey } from '../../../src/identity/sets-by-key.ts';

describe('SetsByKey', () => {
  it('finds those of a key and no others', () => {
    const sets = new SetsByKey<number>();
    sets.add('ann', 1);
    sets.add('ann', 2);
    sets.add('bob', 3);
    assert.deepEqual([...sets.of('ann')], [1, 2]);
    assert.deepEqual([...sets.of('bob')], [3]);
    assert.deepEqual([...sets.of('eve')], []);
  });

  it('forgets a key with its last value, and can be told so twice', () => {
    const sets = new SetsByKey<number>();
    sets.add('ann', 1);
    sets.add('ann', 2);
    sets.remove('ann', 1);
    assert.deepEqual([...sets.keys], ['ann']);
    sets.remove('ann', 2);
    sets.remove('ann', 2);
    assert.deepEqual([...sets.keys], []);
  });
});
