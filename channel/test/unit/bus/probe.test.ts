import assert from 'node:assert/strict';
import { Probe } from '../../../src/bus/probe.ts';

describe('a probe', () => {
  it('says how long the newest one took, and grows while one is missing', () => {
    let now = 0;
    const probe = new Probe({ send: () => undefined, now: () => now });
    probe.tick();
    now = 3;
    probe.received();
    now = 1000;
    assert.equal(probe.ageMs, 3);
    probe.tick();
    now = 2000;
    probe.tick();
    now = 2500;
    assert.equal(probe.ageMs, 1500);
    probe.received();
    assert.equal(probe.ageMs, 1500);
    probe.tick();
    probe.received();
    assert.equal(probe.ageMs, 0);
  });
});
