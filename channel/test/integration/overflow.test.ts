import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

const SETTINGS = '[channel.limits]\nqueue = "256KiB"\n';
const QUEUE = 256 * 1024;
const FILL = 'x'.repeat(10_000);
// More than the kernel keeps for a reader that never reads: both buffers of a loopback connection.
const MESSAGES = 4000;

/** The numbers of the messages of one event, as they arrived. */
function numbers(client: RawClient, event: string): number[] {
  return client.frames.flatMap((frame) => {
    if (Buffer.isBuffer(frame) || frame[3] !== event) return [];
    return [(frame[4] as { n: number }).n];
  });
}

describe('a client that never reads', function () {
  this.timeout(60_000);
  let channel: ChannelProcess;
  let slow: RawClient;
  let quick: RawClient;

  before(async () => void (channel = await ChannelProcess.start(SETTINGS)));
  after(() => channel.stop());
  beforeEach(async () => {
    [slow, quick] = [await RawClient.open(channel.socketUrl), await RawClient.open(channel.socketUrl)];
  });
  afterEach(async () => {
    for (const client of [slow, quick]) {
      client.webSocket.resume();
      client.close();
      await client.closed();
    }
    await eventually(async () => (await channel.metric('plugmesh_channel_sockets')) === 0);
  });

  /** Publishes so many numbered messages, as fast as the quick client takes them; `during` looks every hundred. */
  async function publish(topic: string, during: () => Promise<void>): Promise<void> {
    for (let n = 0; n < MESSAGES; n += 100) {
      const messages = Array.from({ length: 100 }, (_, i) => JSON.stringify({ n: n + i, fill: FILL }));
      await Promise.all(messages.map((message) => channel.bus.publish(`to:${topic}:tick`, message)));
      await eventually(() => numbers(quick, 'tick').length >= n + 100, { timeoutMs: 10_000 });
      await during();
    }
  }

  async function queueIsBounded(): Promise<void> {
    const waiting = await channel.metric('plugmesh_channel_queue_bytes');
    assert.ok(waiting <= QUEUE, `${waiting} bytes wait`);
  }

  it('is closed with 4410 and a reason, and costs nothing more (disconnect)', async () => {
    await slow.join('room:1');
    await quick.join('room:1');
    slow.webSocket.pause();
    await publish('room:1', queueIsBounded);
    assert.equal(await channel.metric('plugmesh_channel_closes_total{code="4410"}'), 1);
    assert.ok((await channel.metric('plugmesh_channel_drops_total{reason="disconnect"}')) > 0);
    assert.deepEqual(numbers(quick, 'tick'), [...Array(MESSAGES).keys()]);
    let reason = '';
    slow.webSocket.on('close', (_, text) => (reason = text.toString()));
    slow.webSocket.resume();
    assert.deepEqual([await slow.closed(), reason], [4410, 'the client reads too slowly']);
    const seen = numbers(slow, 'tick');
    assert.deepEqual(seen, [...Array(seen.length).keys()], 'without a gap up to the end');
  });

  it('misses the oldest messages of the topic, and gets replies and the newest in order (drop-oldest)', async () => {
    await slow.join('oldest:1');
    await quick.join('oldest:1');
    slow.webSocket.pause();
    slow.send(['j1', 'push', 'oldest:1', 'say', {}]);
    await publish('oldest:1', queueIsBounded);
    slow.send([null, 'beat', 'phoenix', 'heartbeat', {}]);
    assert.deepEqual(numbers(quick, 'tick'), [...Array(MESSAGES).keys()]);
    slow.webSocket.resume();
    await eventually(() => slow.frames.some((frame) => !Buffer.isBuffer(frame) && frame[1] === 'beat'));
    await eventually(() => numbers(slow, 'tick').at(-1) === MESSAGES - 1);
    const seen = numbers(slow, 'tick');
    const dropped = await channel.metric('plugmesh_channel_drops_total{reason="drop-oldest"}');
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.ok(dropped > 0);
    assert.equal(seen.length + dropped, MESSAGES);
    assert.equal(slow.frames.filter((frame) => !Buffer.isBuffer(frame) && frame[1] === 'push').length, 1);
    assert.equal(slow.closeCode, undefined);
  });

  it('has the newest message of each event waiting for it (latest)', async () => {
    await slow.join('latest:1');
    await quick.join('latest:1');
    slow.webSocket.pause();
    await publish('latest:1', async () => {
      await channel.bus.publish('to:latest:1:other', '{"n":-1}');
      await queueIsBounded();
    });
    slow.webSocket.resume();
    await eventually(
      () => numbers(slow, 'other').length > 0 && numbers(slow, 'tick').at(-1) === MESSAGES - 1,
    );
    const seen = numbers(slow, 'tick');
    // Up to where the kernel's buffers were full everything; then one.
    assert.deepEqual(seen, [...Array(seen.length - 1).keys(), MESSAGES - 1]);
    assert.ok((await channel.metric('plugmesh_channel_drops_total{reason="latest"}')) > 0);
    assert.deepEqual(numbers(quick, 'tick'), [...Array(MESSAGES).keys()]);
    assert.equal(slow.closeCode, undefined);
  });
});
