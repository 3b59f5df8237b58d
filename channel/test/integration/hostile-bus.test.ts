import assert from 'node:assert/strict';
import { STREAMS_KEY } from '@plugmesh/shared/history';
import { DISCONNECT, MESH_KEY, MESH_NOTICE, PRESENCE_NODE, PRESENCE_NODES } from '@plugmesh/shared/protocol';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess, historyStream } from '../support/channel-process.ts';
import { PollClient } from '../support/poll-client.ts';
import { RawClient } from '../support/raw-client.ts';

const DEEP = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
const VALUES = ['null', '-1', '1e400', '""', '"__proto__"', '[]', '[null]', '{}', '{"toString":1}', DEEP];
/** Every field that messages between processes have, each with every value. */
const FIELDS = [
  'id',
  'node',
  'query',
  'counts',
  'seq',
  'kind',
  'joins',
  'leaves',
  'status',
  'response',
  'socket',
];
const ANSWERS = [
  Buffer.alloc(0),
  Buffer.from([0xff, 0xfe, 0]),
  '{',
  'x'.repeat(100_000),
  ...VALUES,
  ...VALUES.map((value) => `{"status":${value}}`),
  ...VALUES.map((value) => `{"status":"ok","response":${value}}`),
];
const GARBAGE = [
  ...ANSWERS,
  ...FIELDS.flatMap((field) => VALUES.map((value) => `{"${field}":${value}}`)),
  ...VALUES.map(
    (value) => `{"node":"n","seq":1,"kind":"change","joins":[["lobby","k",${value}]],"leaves":[]}`,
  ),
  ...VALUES.map(
    (value) => `{"node":"n","seq":1,"kind":"change","joins":[["lobby","k",{"phx_ref":"r","x":${value}}]]}`,
  ),
  ...VALUES.map((value) => `{"id":"i","node":"n","query":{"limit":${value},"topic":${value}}}`),
];

describe('a channel process', function () {
  this.timeout(30_000);
  let channel: ChannelProcess;
  let client: RawClient;
  let polls: PollClient;

  beforeEach(async () => {
    channel = await ChannelProcess.start();
    client = await RawClient.open(channel.socketUrl);
    // The lobby last: it tells of presence when it likes.
    for (const topic of ['room:1', 'log:1', 'asked:1', 'lobby']) await client.join(topic);
    polls = await PollClient.open(channel.url);
    await polls.post(['j', '1', 'room:1', 'phx_join', {}]);
  });
  afterEach(async () => {
    client.close();
    await channel.stop();
  });

  const publishAll = async (to: string): Promise<void> => {
    const pipeline = channel.bus.pipeline();
    for (const each of GARBAGE) pipeline.publish(to, each);
    await pipeline.exec();
  };

  const marks = (): unknown[] =>
    client.frames.flatMap((frame) => (frame[3] === 'still' ? [(frame[4] as { mark: string }).mark] : []));

  /** What arrives after it has been worked on before. */
  async function serves(mark: string): Promise<void> {
    await channel.bus.publish('to:room:1:still', JSON.stringify({ mark }));
    await eventually(() => marks().includes(mark), { what: `${mark}, after ${channel.output.slice(-500)}` });
    assert.equal(client.closeCode, undefined);
  }

  it('survives whatever is published where it listens', async () => {
    const channels = (await channel.bus.pubsub('CHANNELS')) as string[];
    const topics = ['room:1', 'lobby', 'log:1', 'asked:1', 'phoenix'].map((topic) => `to:${topic}:event`);
    const replies = ['to:phoenix:reply-x', 'to:phoenix:reply-1.1'];
    const mesh = [DISCONNECT, MESH_NOTICE, 'to::', 'to:', 'to:room:1:', 'to:room:1:phx_reply'];
    for (const to of new Set([...channels, ...topics, ...replies, ...mesh])) {
      await publishAll(to);
      await serves(to);
    }
  });

  it('answers a push whose plugin answers with garbage', async () => {
    for (const [n, text] of ANSWERS.entries()) {
      const bus = await channel.listen('from:asked:1:ask');
      client.send(['j1', `ask-${n}`, 'asked:1', 'ask', {}]);
      const { meta } = JSON.parse((await bus.payload('from:asked:1:ask')).toString()) as {
        meta: { replyTo: string };
      };
      bus.stop();
      await channel.bus.publish(meta.replyTo, text);
      await eventually(() => client.frames.some((frame) => Array.isArray(frame) && frame[1] === `ask-${n}`));
    }
    await serves('all');
  });

  it('survives whatever is kept where it looks, of every type', async () => {
    const keys = [MESH_KEY, PRESENCE_NODES, `${PRESENCE_NODE}x`, historyStream('log:2'), STREAMS_KEY];
    for (const key of keys) {
      for (const text of GARBAGE) {
        await channel.bus.multi().del(key).set(key, text).publish(MESH_NOTICE, '1').exec();
        await channel.bus.multi().del(key).hset(key, 'a', text, '1', text).exec();
        await channel.bus
          .multi()
          .del(key)
          .zadd(key, Date.now() + 60_000, text)
          .publish(MESH_NOTICE, '1')
          .exec();
      }
      client.send([`j-${key}`, `join-${key}`, 'log:2', 'phx_join', { since: '1-1' }]);
      await eventually(() =>
        client.frames.some((frame) => Array.isArray(frame) && frame[1] === `join-${key}`),
      );
      await serves(key);
    }
  });
});
