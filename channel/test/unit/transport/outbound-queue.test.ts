import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OutboundQueue, type DropReason } from '../../../src/transport/outbound-queue.ts';

const ENTRY_BYTES = 64;
const frame = (text: string): Buffer => Buffer.from(text);
const oldest = { topic: 't', overflow: 'drop-oldest' } as const;
const latest = { topic: 'l', overflow: 'latest' } as const;

function queue(): { queue: OutboundQueue; drops: DropReason[]; left: () => string[] } {
  const drops: DropReason[] = [];
  const made = new OutboundQueue((reason) => drops.push(reason));
  return { queue: made, drops, left: () => made.take(Infinity).map(String) };
}

describe('frames that wait for a slow client', () => {
  it('go whole and oldest first when the topic allows it, never what has no rule', () => {
    const { queue: waiting, drops, left } = queue();
    waiting.add(frame('reply'), undefined);
    for (const text of ['a', 'b', 'c']) waiting.add(frame(text), oldest, 'tick');
    waiting.shrinkTo(waiting.bytes - 1);
    waiting.shrinkTo(waiting.bytes - 1 - ENTRY_BYTES);
    assert.deepEqual(drops, ['drop-oldest', 'drop-oldest']);
    waiting.shrinkTo(0);
    assert.deepEqual(left(), ['reply']);
    assert.equal(waiting.bytes, 0);
  });

  it('are only the newest of each event for a topic with `latest`', () => {
    const { queue: waiting, drops, left } = queue();
    waiting.add(frame('x1'), latest, 'x');
    waiting.add(frame('y1'), latest, 'y');
    waiting.add(frame('x2'), latest, 'x');
    waiting.add(frame('other'), { ...latest, topic: 'm' }, 'x');
    assert.deepEqual(left(), ['y1', 'x2', 'other']);
    assert.deepEqual(drops, ['latest']);
  });

  it('are taken in order, as many as fit, and at least one', () => {
    const { queue: waiting } = queue();
    for (const text of ['aaaa', 'bb', 'cc', 'dddd']) waiting.add(frame(text), undefined);
    assert.deepEqual(waiting.take(1).map(String), ['aaaa']);
    assert.deepEqual(waiting.take(4).map(String), ['bb', 'cc']);
    assert.deepEqual(waiting.take(100).map(String), ['dddd']);
    assert.deepEqual(waiting.take(100), []);
  });

  it('are what a plain list would hold, whatever happens in which order', () => {
    const step = fc.oneof(
      fc.record({ add: fc.constantFrom('reply', 'oldest', 'latest'), event: fc.constantFrom('x', 'y') }),
      fc.record({ shrinkTo: fc.nat(3000) }),
      fc.record({ take: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const { queue: waiting } = queue();
        let list: { text: string; kind: string; event: string }[] = [];
        const cost = (): number => list.reduce((sum, { text }) => sum + text.length + ENTRY_BYTES, 0);
        steps.forEach((each, n) => {
          if ('add' in each) {
            const { add: kind, event } = each;
            const rule = kind === 'latest' ? latest : oldest;
            waiting.add(frame(`${n}`), kind === 'reply' ? undefined : rule, event);
            list = list.filter((one) => kind !== 'latest' || one.kind !== kind || one.event !== event);
            list.push({ text: `${n}`, kind, event });
          } else if ('take' in each) {
            const taken = waiting.take(each.take).map(String);
            assert.deepEqual(
              taken,
              list.splice(0, taken.length).map(({ text }) => text),
            );
          } else {
            waiting.shrinkTo(each.shrinkTo);
            for (let at; cost() > each.shrinkTo; list.splice(at, 1)) {
              at = list.findIndex(({ kind }) => kind !== 'reply');
              if (at < 0) break;
            }
          }
          assert.equal(waiting.bytes, cost());
        });
        assert.deepEqual(
          waiting.take(Infinity).map(String),
          list.map(({ text }) => text),
        );
      }),
    );
  });
});
