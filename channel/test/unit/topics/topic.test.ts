import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BroadcastFrame } from '../../../src/topics/broadcast-frame.ts';
import { Deliveries } from '../../../src/topics/deliveries.ts';
import { Topic, type Member } from '../../../src/topics/topic.ts';

class Recorder implements Member {
  index = -1;
  received = 0;
  onDeliver: () => void = () => undefined;

  deliver(): number {
    this.received++;
    this.onDeliver();
    return 1;
  }
}

describe('a topic', () => {
  it('holds exactly the members that were added and not removed, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (picks) => {
        const [topic, all, inside] = [
          new Topic<Recorder>(),
          Array.from({ length: 10 }, () => new Recorder()),
          new Set<Recorder>(),
        ];
        for (const member of picks.map((pick) => all[pick]!)) {
          if (inside.delete(member)) topic.remove(member);
          else {
            inside.add(member);
            topic.add(member);
          }
        }
        assert.deepEqual(new Set(topic.members), inside);
        topic.members.forEach((member, index) => assert.equal(member.index, index));
      }),
    );
  });

  it('delivers to everybody once, also when members leave meanwhile', () => {
    const topic = new Topic<Recorder>();
    const members = Array.from({ length: 6 }, () => new Recorder());
    for (const member of members) {
      member.onDeliver = () => topic.remove(member);
      topic.add(member);
    }
    const frame = new BroadcastFrame({ topic: 't', event: 'e', payload: Buffer.from('{}') });
    new Deliveries(() => undefined).add(topic, { frame, event: 'e' });
    assert.deepEqual(
      members.map(({ received }) => received),
      [1, 1, 1, 1, 1, 1],
    );
    assert.equal(topic.members.length, 0);
  });
});
