import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

const SOCKETS = 20;
const OPERATIONS = 500;
const TOPICS = ['room:races', 'log:races', 'lobby'] as const;
const SETTINGS = '[channel.limits]\njoins_per_second = 100000\npushes_per_second = 100000';

/** A client that joins and leaves without waiting, and knows where it must end. */
class Racer {
  readonly client: RawClient;
  /** Topic → join_ref of the membership that must be there in the end. */
  readonly joined = new Map<string, string>();
  #refs = 0;

  constructor(client: RawClient) {
    this.client = client;
  }

  step(): void {
    const topic = TOPICS[Math.floor(Math.random() * TOPICS.length)]!;
    const ref = String(++this.#refs);
    if (Math.random() < 0.5) {
      this.client.send([ref, ref, topic, 'phx_join', {}]);
      this.joined.set(topic, ref);
      return;
    }
    const current = this.joined.get(topic) ?? null;
    const joinRef = [current, null, 'stale'][Math.floor(Math.random() * 3)]!;
    this.client.send([joinRef, ref, topic, 'phx_leave', {}]);
    if (joinRef !== 'stale') this.joined.delete(topic);
  }
}

describe('10,000 joins and leaves that nobody waits for', function () {
  this.timeout(60_000);
  let channel: ChannelProcess;
  const racers: Racer[] = [];

  before(async () => {
    channel = await ChannelProcess.start(SETTINGS);
    for (let n = 0; n < SOCKETS; n++) racers.push(new Racer(await RawClient.open(channel.socketUrl)));
  });
  after(() => channel.stop());

  it('end where the last of them says, and every member gets one copy', async () => {
    for (let step = 0; step < OPERATIONS; step++) {
      for (const racer of racers) racer.step();
      if (step % 10 === 0) await nextTurn();
      if (step === OPERATIONS / 2)
        await channel.bus.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    await Promise.all(racers.map(({ client }) => client.rest()));
    await channel.bus.publish('to:room:races:mark', '{}');
    await channel.bus.publish('to:lobby:mark', '{}');
    await channel.publishDurable('log:races', {});
    for (const { client, joined } of racers) {
      const marks = (): string[] =>
        client.frames
          .filter((frame) => ['mark', 'tick'].includes(String((frame as unknown[])[3])))
          .map(topicOf);
      await eventually(() => marks().length >= joined.size);
      await client.rest();
      assert.deepEqual(marks().toSorted(), [...joined.keys()].toSorted());
    }
  });

  it('leave nothing behind when the sockets are gone', async () => {
    for (const { client } of racers) client.close();
    await eventually(async () => {
      const metrics = await channel.metrics();
      for (const gauge of ['sockets', 'topics', 'queue_bytes']) {
        assert.match(metrics, new RegExp(`^plugmesh_channel_${gauge} 0$`, 'm'));
      }
      return true;
    });
    const [node = ''] = await channel.bus.keys('plugmesh:presence:node:*');
    await eventually(async () => (await channel.bus.hlen(node)) === 1, { what: 'a process without members' });
    assert.equal(await channel.bus.call('PUBSUB', 'NUMPAT'), 1);
  });
});

function topicOf(frame: unknown): string {
  return String((frame as unknown[])[2]);
}
