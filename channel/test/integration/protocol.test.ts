import assert from 'node:assert/strict';
import { encodeBinaryBroadcast, encodeBinaryMessage } from '@plugmesh/shared/protocol';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient, responseOf, type Answer } from '../support/raw-client.ts';

const ok = (joinRef: unknown, ref: unknown, topic: string, response: unknown = {}) => [
  joinRef,
  ref,
  topic,
  'phx_reply',
  { status: 'ok', response },
];
const statusOf = (frame: unknown): string => (frame as Answer)[4].status;

describe('the channel protocol', () => {
  let channel: ChannelProcess;
  let client: RawClient;

  before(async () => void (channel = await ChannelProcess.start()));
  after(() => channel.stop());
  beforeEach(async () => void (client = await RawClient.open(channel.socketUrl)));
  afterEach(() => client.close());

  it('answers a heartbeat', async () => {
    client.send([null, '10', 'phoenix', 'heartbeat', {}]);
    assert.deepEqual(await client.next(), ok(null, '10', 'phoenix'));
  });

  it('answers a join with the id, then the presence state, then what comes', async () => {
    client.send(['4', '7', 'room:1', 'phx_join', {}]);
    const [reply, state] = await client.take(2);
    assert.deepEqual(reply, ok('4', '7', 'room:1', { id: responseOf(reply)['id'] }));
    assert.deepEqual(state, ['4', null, 'room:1', 'presence_state', {}]);
    await channel.bus.publish('to:room:1:tick', '{"a": 1.0}');
    assert.deepEqual(await client.next(), [null, null, 'room:1', 'tick', { a: 1 }]);
  });

  it('echoes references with the type they came in', async () => {
    client.send([4, 7, 'room:1', 'phx_join', {}]);
    assert.deepEqual((await client.answer()).slice(0, 3), [4, 7, 'room:1']);
  });

  it('refuses a topic without a rule', async () => {
    client.send(['4', '7', 'nobody', 'phx_join', {}]);
    const reply = await client.next();
    assert.equal(statusOf(reply), 'error');
    assert.equal(responseOf(reply)['reason'], 'unmatched topic');
  });

  for (const topic of ['members', 'admin', 'streaming-someone']) {
    it(`refuses '${topic}' with a reason and a code`, async () => {
      client.send(['4', '7', topic, 'phx_join', {}]);
      const reply = await client.next();
      assert.equal(statusOf(reply), 'error');
      assert.equal(typeof responseOf(reply)['reason'], 'string');
      assert.match(String(responseOf(reply)['code']), /^MESH_(UNAUTHORIZED|FORBIDDEN)$/);
    });
  }

  it('ends the old membership when a topic is joined again: the reply first, then phx_close', async () => {
    await client.join('room:1', 'old');
    client.send(['new', '9', 'room:1', 'phx_join', {}]);
    const [reply, close] = await client.take(3);
    assert.deepEqual((reply as unknown[]).slice(0, 4), ['new', '9', 'room:1', 'phx_reply']);
    assert.deepEqual(close, ['old', 'old', 'room:1', 'phx_close', {}]);
    await channel.bus.publish('to:room:1:tick', '{}');
    await eventually(() => client.frames.some((frame) => (frame as unknown[])[3] === 'tick'));
    assert.equal((await client.rest()).length, 1, 'one membership gets one copy');
  });

  for (const joinRef of ['j1', null]) {
    it(`ends a membership by a leave with join_ref ${String(joinRef)}`, async () => {
      await client.join('room:1');
      client.send([joinRef, '9', 'room:1', 'phx_leave', {}]);
      assert.deepEqual(await client.rest(), [
        ok(joinRef, '9', 'room:1'),
        ['j1', 'j1', 'room:1', 'phx_close', {}],
      ]);
    });
  }

  it('ignores a leave with a stale join_ref', async () => {
    await client.join('room:1');
    client.send(['stale', '9', 'room:1', 'phx_leave', {}]);
    assert.deepEqual(await client.rest(), []);
  });

  it('answers a leave of a topic that is not joined', async () => {
    client.send(['4', '9', 'room:1', 'phx_leave', {}]);
    assert.deepEqual(await client.rest(), [ok('4', '9', 'room:1')]);
  });

  // `j1r` is the ref of the join: what some clients take for its join_ref.
  for (const joinRef of ['j1', 'j1r', null]) {
    it(`publishes a push with join_ref ${String(joinRef)} byte for byte and replies`, async () => {
      const bus = await channel.listen('from:room:1:*');
      await client.join('room:1');
      client.send(`[${JSON.stringify(joinRef)},"9","room:1","say", {"n": 1.0, "big":12345678901234567890} ]`);
      assert.deepEqual(await client.next(), ok(joinRef, '9', 'room:1'));
      const payload = await bus.payload('from:room:1:say');
      assert.equal(payload.toString(), '{"n": 1.0, "big":12345678901234567890}');
      bus.stop();
    });
  }

  it('ignores a push with a stale join_ref', async () => {
    const bus = await channel.listen('from:room:1:*');
    await client.join('room:1');
    client.send(['stale', '9', 'room:1', 'say', {}], ['j1', '10', 'room:1', 'after', {}]);
    assert.deepEqual(await client.rest(), [ok('j1', '10', 'room:1')]);
    await bus.payload('from:room:1:after');
    assert.ok(!bus.messages.some(([name]) => name === 'from:room:1:say'));
    bus.stop();
  });

  it('answers a push without membership with an error, and once with phx_error', async () => {
    client.send(['4', '9', 'room:1', 'say', {}], ['4', '10', 'room:1', 'say', {}]);
    const [first, error, second, ...others] = await client.rest();
    assert.equal(responseOf(first)['reason'], 'unmatched topic');
    assert.deepEqual(error, ['4', '4', 'room:1', 'phx_error', {}]);
    assert.equal(responseOf(second)['reason'], 'unmatched topic');
    assert.deepEqual(others, []);
  });

  it('refuses a push that the rule does not allow, and an event with a colon', async () => {
    await client.join('silent');
    client.send(['j1', '9', 'silent', 'say', {}], ['j1', '10', 'silent', 'a:b', {}]);
    const [forbidden, badName] = await client.rest();
    assert.equal(responseOf(forbidden)['code'], 'MESH_FORBIDDEN');
    assert.equal(responseOf(badName)['code'], 'MESH_BAD_REQUEST');
  });

  it('announces joins and leaves on the bus, also of a socket that vanishes, without its id', async () => {
    const bus = await channel.listen('from:room:9:*');
    const id = await client.join('room:9');
    client.close();
    const joined = await bus.payload('from:room:9:phx_join');
    const left = await bus.payload('from:room:9:phx_leave');
    assert.deepEqual(Object.keys(JSON.parse(joined.toString())), ['socket', 'user', 'node']);
    assert.deepEqual(joined, left);
    assert.ok(!joined.includes(id));
    bus.stop();
  });

  it('sends what is not a JSON object or array as a binary broadcast', async () => {
    await client.join('room:1');
    const payloads = [Buffer.from('7'), Buffer.from([0xff, 0xfe]), Buffer.from('{"broken"'), Buffer.alloc(0)];
    for (const payload of payloads) await channel.bus.publish('to:room:1:raw', payload);
    const expected = payloads.map((payload) =>
      encodeBinaryBroadcast({ topic: 'room:1', event: 'raw', payload }),
    );
    assert.deepEqual(await client.take(4), expected);
  });

  it('publishes a binary push as its bytes', async () => {
    const bus = await channel.listen('from:room:1:*');
    await client.join('room:1');
    const payload = Buffer.from([1, 2, 0xff]);
    client.send(encodeBinaryMessage({ joinRef: 'j1', ref: '9', topic: 'room:1', event: 'raw', payload }));
    assert.deepEqual(await client.next(), ok('j1', '9', 'room:1'));
    assert.deepEqual(await bus.payload('from:room:1:raw'), payload);
    bus.stop();
  });

  it('drops reserved events', async () => {
    await client.join('room:1');
    for (const event of ['phx_reply', 'phx_error', 'phx_close', 'presence_diff', 'presence_state']) {
      client.send(['j1', '9', 'room:1', event, {}]);
    }
    assert.deepEqual(await client.rest(), []);
  });

  it('drops nine malformed frames and still answers; the tenth closes with 1003', async () => {
    for (let n = 0; n < 4; n++) client.send('{"no": "array"}', Buffer.from([9, 9]));
    client.send('["1","2","t"]');
    assert.deepEqual(await client.rest(), []);
    client.send('garbage');
    assert.equal(await client.closed(), 1003);
  });

  it('closes with 1007 for text that is not UTF-8', async () => {
    client.webSocket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
    assert.equal(await client.closed(), 1007);
  });

  it('follows the topic rules of a new mesh document', async () => {
    const other = await ChannelProcess.start();
    try {
      const raw = await RawClient.open(other.socketUrl);
      await raw.join('room:1');
      await other.useTopics([]);
      await eventually(async () => {
        raw.send(['x', 'x', 'room:2', 'phx_join', {}]);
        return (await raw.rest()).some((frame) => responseOf(frame)['reason'] === 'unmatched topic');
      });
      raw.close();
    } finally {
      await other.stop();
    }
  });
});
