import assert from 'node:assert/strict';
import { eventIdOf, formatEventId, historyLibrary, parseEventId } from '@plugmesh/shared/history';

describe('the id of an event', () => {
  it('is an epoch and a number', () => {
    const id = { epoch: '1790000000000000', number: 42 };
    assert.equal(formatEventId(id), '1790000000000000-42');
    assert.deepEqual(parseEventId('1790000000000000-42'), id);
    for (const text of ['', '1', '-1', '1-', 'a-1', '1-1 ', '(1-1', 7, null, undefined, {}]) {
      assert.equal(parseEventId(text), undefined);
    }
  });

  it('is found at the end of what was published, and nowhere else', () => {
    const idOf = (text: string): unknown => eventIdOf(Buffer.from(text));
    assert.deepEqual(idOf('{"_id":"1-2"}'), { epoch: '1', number: 2 });
    assert.deepEqual(idOf(`{"ä":"${'ü'.repeat(100)}","_id":"1-2"}`), { epoch: '1', number: 2 });
    for (const text of [
      '',
      '{}',
      '{"_id":"1-2","t":1}',
      '{"a":{"_id":"1-2"}}',
      '{"a":"\\"_id\\":\\"1-2\\"}',
    ]) {
      assert.equal(idOf(text), undefined, text);
    }
  });
});

describe('the library for durable topics', () => {
  it('is the same text for the same rules, whatever their order', () => {
    const rules = [
      { pattern: 'a' },
      { pattern: 'b*', history: { size: 1, ttlMs: 5000 } },
      { pattern: 'bb*' },
    ];
    assert.equal(historyLibrary(rules, 'a'), historyLibrary(rules.toReversed(), 'a'));
    assert.notEqual(historyLibrary(rules, 'a'), historyLibrary(rules.slice(1), 'a'));
    assert.notEqual(historyLibrary(rules, 'a'), historyLibrary(rules, 'b'));
  });
});
