import assert from 'node:assert/strict';
import { nestsWithin } from '../../../src/bus/nests-within.ts';

function nested(levels: number): unknown {
  return JSON.parse('[{"a":'.repeat(levels / 2) + '0' + '}]'.repeat(levels / 2));
}

describe('the depth of JSON from the bus', () => {
  it('is counted in objects and arrays', () => {
    assert.ok(nestsWithin('text', 0));
    assert.ok(nestsWithin({ a: null, b: [1] }, 2));
    assert.ok(!nestsWithin({ a: null, b: [1] }, 1));
  });

  it('is bounded, so that everything within can be written again', () => {
    assert.ok(nestsWithin(nested(500)));
    assert.ok(!nestsWithin(nested(502)));
    assert.ok(!nestsWithin(nested(1_000_000)));
  });
});
