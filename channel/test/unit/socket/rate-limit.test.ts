import assert from 'node:assert/strict';
import { RateLimit } from '../../../src/socket/rate-limit.ts';

describe('a rate limit', () => {
  it('allows so many at once, then one per share of the second', () => {
    let now = 0;
    const limit = new RateLimit(10, () => now);
    for (let n = 0; n < 10; n++) assert.equal(limit.take(), 0);
    assert.equal(limit.take(), 100);
    now = 99;
    assert.ok(limit.take() > 0);
    now = 100;
    assert.equal(limit.take(), 0);
  });

  it('is exhausted by three times the rate for ten seconds, not by twice', () => {
    const exhausts = (perSecond: number): boolean => {
      let now = 0;
      const limit = new RateLimit(10, () => now);
      for (let n = 0; n < 12 * perSecond; n++, now += 1000 / perSecond) limit.take();
      return limit.isExhausted;
    };
    assert.deepEqual([exhausts(10), exhausts(20), exhausts(40)], [false, false, true]);
  });

  it('never saves up more than one second', () => {
    let now = 0;
    const limit = new RateLimit(2, () => now);
    now = 60_000;
    assert.deepEqual([limit.take(), limit.take(), limit.take()], [0, 0, 500]);
  });
});
