import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseAnswer, parseQuestion } from '../../../src/census/census-message.ts';
import { countTopics, sumCounts } from '../../../src/census/topic-counts.ts';

const topics = { names: () => ['room:1', 'room:2'], countOf: () => 1 };
const question = { id: '1', node: 'here', query: { prefix: 'room:', limit: 10 } };
const strange: readonly unknown[] = [
  { toString: 1 },
  null,
  5,
  -5,
  0.5,
  [],
  '',
  'room:1',
  { limit: 1 },
  [['room:1', 1]],
  [null],
];
const values = fc.constantFrom(...strange);

function bytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

describe('messages of the census', () => {
  it('are what channel processes say', () => {
    assert.deepEqual(parseQuestion(bytes(question)), question);
    const answer = { id: '1', counts: [['room:1', 2]] };
    assert.deepEqual(parseAnswer(bytes(answer)), answer);
  });

  for (const query of [{ limit: -5 }, { limit: 0 }, { topic: 5, limit: 1 }, { prefix: {}, limit: 1 }]) {
    it(`are not ${JSON.stringify({ query })}`, () => {
      assert.equal(parseQuestion(bytes({ ...question, query })), undefined);
    });
  }

  it('are not what names nobody who could be told', () => {
    assert.equal(parseQuestion(bytes({ ...question, node: { toString: 1 } })), undefined);
    assert.equal(parseAnswer(bytes({ id: { toString: 1 }, counts: [] })), undefined);
    assert.equal(parseAnswer(bytes({ id: '1', counts: [null] })), undefined);
  });

  it('can be worked on whenever they are taken', () => {
    const query = fc.record(
      { topic: values, prefix: values, after: values, limit: values },
      { requiredKeys: [] },
    );
    const fields = fc.record({ id: values, node: values, query: fc.oneof(query, values), counts: values });
    fc.assert(
      fc.property(fields, (message) => {
        const asked = parseQuestion(bytes(message));
        if (asked) countTopics(topics, asked.query);
        const answered = parseAnswer(bytes(message));
        if (answered) sumCounts([answered.counts], 10);
      }),
    );
  });
});
