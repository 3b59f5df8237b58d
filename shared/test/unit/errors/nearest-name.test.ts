import assert from 'node:assert/strict';
import { nearestName } from '@plugmesh/shared/errors';

describe('nearestName', () => {
  it('finds what was meant', () => {
    assert.equal(nearestName('sytem', ['ships', 'system']), 'system');
    assert.equal(nearestName('SYSTEM', ['system']), 'system');
  });

  it('finds nothing where nothing is near', () => {
    assert.equal(nearestName('weather', ['ships', 'system']), undefined);
    assert.equal(nearestName('', ['ships']), undefined);
    assert.equal(nearestName('x', []), undefined);
  });
});
