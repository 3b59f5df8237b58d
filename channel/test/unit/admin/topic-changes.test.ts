import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TopicChanges } from '../../../src/admin/topic-changes.ts';

const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y', 'z')), {
  maxLength: 30,
});

function without(names: Set<string>, others: Set<string>): Set<string> {
  return new Set([...names].filter((name) => !others.has(name)));
}

describe('changes of topics', () => {
  it('are what is different in the end, however often somebody went to and fro', () => {
    fc.assert(
      fc.property(steps, steps, (earlier, later) => {
        const members = new Map([
          ['a', new Set<string>()],
          ['b', new Set<string>()],
        ]);
        const changes = new TopicChanges(10);
        const run = (toggles: typeof earlier): void => {
          for (const [topic, name] of toggles) {
            const present = members.get(topic) ?? new Set();
            const before = present.size;
            const what = present.delete(name) ? 'leave' : 'join';
            if (what === 'join') present.add(name);
            changes.record(what, { topic, socket: { name } }, before);
          }
        };
        run(earlier);
        changes.take();
        const then = new Map([...members].map(([topic, names]) => [topic, new Set(names)]));
        run(later);
        for (const [topic, { wasSubscribed, joined, left }] of changes.take() ?? []) {
          const [was = new Set<string>(), is = new Set<string>()] = [then.get(topic), members.get(topic)];
          assert.equal(wasSubscribed, was.size > 0);
          assert.deepEqual(joined, without(is, was));
          assert.deepEqual(left, without(was, is));
        }
      }),
    );
  });

  it('of too many topics are none, until they are taken', () => {
    const changes = new TopicChanges(2);
    for (const topic of ['a', 'b', 'c', 'd']) changes.record('join', { topic, socket: { name: 'x' } }, 0);
    assert.equal(changes.isEmpty, false);
    assert.equal(changes.take(), undefined);
    assert.equal(changes.isEmpty, true);
    changes.record('join', { topic: 'e', socket: { name: 'x' } }, 0);
    assert.deepEqual([...(changes.take() ?? [])].length, 1);
  });
});
