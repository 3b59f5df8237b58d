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
  const say = (event: string, bytes = 2): void => {
    const payload = Buffer.alloc(bytes, ' ');
    deliveries.add(topic, { frame: new BroadcastFrame({ topic: 't', event: 'e', payload }), event });
  };
  return { topic, members, handedOut, say };
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

  it('wait by the megabyte and no more: then the oldest are handed out first, still once and in order', async () => {
    const all = crowd(5000);
    const texts = Array.from({ length: 40 }, (_, n) => String(n));
    for (const text of texts) all.say(text, 1_000_000);
    const { length: done } = all.members[0]!.received;
    assert.ok(done >= 40 - 17 && done < 40, `${done} of 40 messages were handed out at once`);
    for (const { received } of all.members) assert.ok(received.length >= done);
    await untilQuiet(all);
    for (const { received } of all.members) assert.deepEqual(received, texts);
    assert.deepEqual(all.handedOut, { count: 200_000, bytes: 2_000_000 });
  });

  it('are handed over at once to a few', () => {
    const few = crowd(10);
    few.say('a');
    for (const { received } of few.members) assert.deepEqual(received, ['a']);
  });
});
