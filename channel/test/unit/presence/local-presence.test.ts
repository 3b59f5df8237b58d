import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { LocalPresence } from '../../../src/presence/local-presence.ts';
import type { PresenceDiff } from '../../../src/presence/presence.ts';

describe('presence in one process', () => {
  const diffs: [string, PresenceDiff][] = [];
  let presence: LocalPresence;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    diffs.length = 0;
    presence = new LocalPresence((topic, diff) => void diffs.push([topic, diff]));
  });
  afterEach(() => mock.timers.reset());

  it('tells of joins and leaves once per 50 ms', () => {
    const ref = presence.track('t', 'a', { n: 1 });
    presence.track('t', 'b', {});
    mock.timers.tick(49);
    assert.equal(diffs.length, 0);
    mock.timers.tick(1);
    assert.equal(diffs.length, 1);
    assert.deepEqual(Object.keys(diffs[0]![1].joins), ['a', 'b']);
    presence.untrack('t', 'a', ref);
    mock.timers.tick(50);
    assert.deepEqual(diffs[1]![1].leaves['a'], { metas: [{ n: 1, phx_ref: ref }] });
    assert.deepEqual(Object.keys(presence.state('t')), ['b']);
  });

  it('says nothing of one that came and went within the 50 ms', () => {
    presence.untrack('t', 'a', presence.track('t', 'a', {}));
    mock.timers.tick(50);
    assert.deepEqual(diffs, []);
    assert.deepEqual(Object.keys(presence.state('t')), []);
  });

  it('keeps the other appearances of a key', () => {
    const [first, second] = [presence.track('t', 'a', {}), presence.track('t', 'a', {})];
    presence.untrack('t', 'a', first);
    assert.deepEqual(
      presence.state('t')['a']?.metas.map(({ phx_ref }) => phx_ref),
      [second],
    );
  });

  it("takes '__proto__' for a key like every other", () => {
    presence.track('t', '__proto__', {});
    presence.track('t', 'constructor', {});
    const state = JSON.stringify(presence.state('t'));
    assert.match(state, /^\{"__proto__":\{"metas":/);
    assert.deepEqual(Object.keys(presence.state('t')), ['__proto__', 'constructor']);
  });
});
