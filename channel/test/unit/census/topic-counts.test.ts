import assert from 'node:assert/strict';
import fc from 'fast-check';
import { countTopics, sumCounts, type TopicCount } from '../../../src/census/topic-counts.ts';

const topic = fc.string({ unit: fc.constantFrom('a', 'b', ':', '\uffff', '😀'), minLength: 1, maxLength: 4 });
const counts = fc.dictionary(topic, fc.integer({ min: 1, max: 5 }), { noNullPrototype: true, maxKeys: 30 });

/** What a process with these subscribers has. */
function processOf(subscribers: Record<string, number>) {
  const map = new Map(Object.entries(subscribers));
  return { names: () => map.keys(), countOf: (name: string) => map.get(name) ?? 0 };
}

describe('counts of topics', () => {
  it('of several processes are a page of the sum of all, whatever each one has', () => {
    const query = { prefix: fc.constantFrom('', 'a', ':'), after: fc.oneof(fc.constant(''), topic) };
    fc.assert(
      fc.property(
        fc.array(counts, { maxLength: 4 }),
        fc.record({ ...query, limit: fc.integer({ min: 1, max: 8 }) }),
        (processes, { prefix, after, limit }) => {
          const sums = new Map<string, number>();
          for (const [name, count] of processes.flatMap(Object.entries)) {
            sums.set(name, (sums.get(name) ?? 0) + Number(count));
          }
          const expected = [...sums.keys()]
            .filter((name) => name.startsWith(prefix) && name > after)
            .sort()
            .slice(0, limit)
            .map((name): TopicCount => [name, sums.get(name) ?? 0]);
          const pages = processes.map((each) => countTopics(processOf(each), { prefix, after, limit }));
          assert.deepEqual(sumCounts(pages, limit), expected);
        },
      ),
    );
  });

  it('of one topic leave out those who have none', () => {
    const process = processOf({ a: 2, ab: 1 });
    assert.deepEqual(countTopics(process, { topic: 'a', limit: 1 }), [['a', 2]]);
    assert.deepEqual(countTopics(process, { topic: 'b', limit: 1 }), []);
  });
});
