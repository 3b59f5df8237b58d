import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { PresenceTopics } from '../../../src/presence/presence-topics.ts';
import type { PresenceDiff, PresenceMeta, PresenceNews } from '../../../src/presence/presence.ts';

const meta = (phx_ref: string): PresenceMeta => ({ phx_ref });

describe('presence in topics', () => {
  const told: PresenceNews[] = [];
  let topics: PresenceTopics;

  const join = (key: string, ref: string): void => topics.join('t', key, meta(ref));
  const diffs = (): PresenceDiff[] => told.map(({ payload }) => payload as PresenceDiff);
  const keys = (): string[] => Object.keys(topics.welcome('t')[0]!.payload);

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    told.length = 0;
    topics = new PresenceTopics({ namesUpTo: 3, calmMs: 0, tell: (_, news) => void told.push(news()) });
  });
  afterEach(() => mock.timers.reset());

  it('tells of joins and leaves once per 50 ms', () => {
    join('a', '1');
    join('b', '2');
    mock.timers.tick(49);
    assert.equal(told.length, 0);
    mock.timers.tick(1);
    assert.deepEqual(Object.keys(diffs()[0]!.joins), ['a', 'b']);
    topics.leave('t', 'a', '1');
    mock.timers.tick(50);
    assert.deepEqual(diffs()[1]!.leaves['a'], { metas: [meta('1')] });
    assert.equal(told.length, 2);
    assert.deepEqual(keys(), ['b']);
  });

  it('says nothing of one that came and went, or went and came back, within the 50 ms', () => {
    join('a', '1');
    topics.leave('t', 'a', '1');
    mock.timers.tick(50);
    join('a', '2');
    mock.timers.tick(50);
    topics.leave('t', 'a', '2');
    join('a', '2');
    mock.timers.tick(50);
    assert.equal(told.length, 1);
    assert.deepEqual(keys(), ['a']);
  });

  it('tells of one that came and went when somebody was sent the state in between', () => {
    join('a', '1');
    assert.deepEqual(keys(), ['a']);
    topics.leave('t', 'a', '1');
    mock.timers.tick(50);
    assert.deepEqual(diffs()[0]!.leaves['a'], { metas: [meta('1')] });
  });

  it('keeps the other appearances of a key', () => {
    join('a', '1');
    join('a', '2');
    topics.leave('t', 'a', '1');
    topics.leave('t', 'a', '1');
    const [{ payload }] = topics.welcome('t') as [PresenceNews];
    assert.deepEqual(payload, Object.assign(Object.create(null) as object, { a: { metas: [meta('2')] } }));
  });

  it("takes '__proto__' for a key like every other", () => {
    join('__proto__', '1');
    join('constructor', '2');
    assert.match(JSON.stringify(topics.welcome('t')[0]!.payload), /^\{"__proto__":\{"metas":/);
    assert.deepEqual(keys(), ['__proto__', 'constructor']);
  });

  it('tells how many there are when there are too many for names, and names again when it has shrunk', () => {
    for (const key of 'abcd') join(key, key);
    mock.timers.tick(50);
    assert.deepEqual(told, [
      { event: 'presence_state', payload: {} },
      { event: 'presence_count', payload: { count: 4 } },
    ]);
    assert.deepEqual(topics.welcome('t'), told);
    join('e', 'e');
    mock.timers.tick(50);
    assert.deepEqual(told[2], { event: 'presence_count', payload: { count: 5 } });
    topics.leave('t', 'a', 'a');
    topics.leave('t', 'b', 'b');
    mock.timers.tick(50);
    assert.equal(told[3]?.event, 'presence_state');
    assert.deepEqual(Object.keys(told[3].payload), ['c', 'd', 'e']);
    topics.leave('t', 'c', 'c');
    mock.timers.tick(50);
    assert.deepEqual(Object.keys(diffs()[4]!.leaves), ['c']);
  });

  it('waits before it tells names again, although nothing else changes', () => {
    topics = new PresenceTopics({ namesUpTo: 1, calmMs: 1, tell: (_, news) => void told.push(news()) });
    join('a', '1');
    join('b', '2');
    mock.timers.tick(50);
    topics.leave('t', 'b', '2');
    mock.timers.tick(50);
    assert.deepEqual(told.at(-1), { event: 'presence_count', payload: { count: 1 } });
    const end = performance.now() + 2;
    while (performance.now() < end);
    mock.timers.tick(50);
    assert.deepEqual(told.at(-1)?.event, 'presence_state');
  });
});
