import assert from 'node:assert/strict';
import { BroadcastFrame } from '../../../src/topics/broadcast-frame.ts';
import { Deliveries } from '../../../src/topics/deliveries.ts';
import { Topic, type Member } from '../../../src/topics/topic.ts';

class Recorder implements Member {
  index = -1;
  readonly received: string[] = [];

  deliver(_frame: BroadcastFrame, event: string | undefined): number {
    this.received.push(event ?? '');
    return 10;
  }
}

/** A topic with so many members, and deliveries whose clock goes on by a millisecond with every look. */
function crowd(size: number) {
  let now = 0;
  const topic = new Topic<Recorder>();
  const handedOut = { count: 0, bytes: 0 };
  const onHandedOut = (count: number, bytes: number): void => {
    handedOut.count += count;
    handedOut.bytes += bytes;
  };
  const deliveries = new Deliveries(onHandedOut, () => now++);
  const members = Array.from({ length: size }, () => new Recorder());
  for (const member of members) topic.add(member);
  const frame = new BroadcastFrame({ topic: 't', event: 'e', payload: Buffer.from('{}') });
  return { topic, members, handedOut, say: (event: string) => deliveries.add(topic, { frame, event }) };
}

async function untilQuiet({ members }: { members: Recorder[] }): Promise<void> {
  const count = (): number => members.reduce((sum, { received }) => sum + received.length, 0);
  for (let before = -1; before !== count();) {
    before = count();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  }
}

describe('messages for a crowd', () => {
  it('leave room for other work, and reach everybody once and in order', async () => {
    const all = crowd(5000);
    for (const text of ['a', 'b', 'c']) all.say(text);
    const done = all.members.filter(({ received }) => received.length > 0).length;
    assert.ok(done > 0 && done < 5000);
    await untilQuiet(all);
    for (const { received } of all.members) assert.deepEqual(received, ['a', 'b', 'c']);
    assert.deepEqual(all.handedOut, { count: 15_000, bytes: 150_000 });
  });

  it('pass by those who left meanwhile, and those who came after them', async () => {
    const all = crowd(5000);
    all.say('a');
    const [left] = all.members;
    all.topic.remove(left!);
    const late = new Recorder();
    all.topic.add(late);
    all.say('b');
    await untilQuiet(all);
    assert.deepEqual(left!.received, []);
    assert.deepEqual(late.received, ['b']);
    for (const { received } of all.members.slice(1)) assert.deepEqual(received, ['a', 'b']);
  });

  it('are handed over at once to a few', () => {
    const few = crowd(10);
    few.say('a');
    for (const { received } of few.members) assert.deepEqual(received, ['a']);
  });
});
