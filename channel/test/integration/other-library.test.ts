import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { DrivenClient, frameBytes, type FrameParts } from '../support/driven-client.ts';

const [CONTINUATION, TEXT, BINARY, PING] = [0, 1, 2, 9];

const reply = (topic: string, ref: string, response: object): unknown => [
  'j',
  ref,
  topic,
  'phx_reply',
  { status: 'ok', response },
];
const say = (ref: string, payload: object, topic = 'room:1'): string =>
  JSON.stringify(['j', ref, topic, 'say', payload]);

/** What RFC 6455 forbids a client → the code that says so. */
const VIOLATIONS: readonly (readonly [what: string, frames: readonly FrameParts[], code: number])[] = [
  ['a frame without a mask', [{ opcode: TEXT, payload: say('1', {}), isMasked: false }], 1002],
  ['a reserved bit', [{ opcode: TEXT, payload: say('1', {}), reserved: 1 }], 1002],
  ['a compressed frame that was not agreed on', [{ opcode: TEXT, payload: say('1', {}), reserved: 4 }], 1002],
  ['an opcode that does not exist', [{ opcode: 5, payload: say('1', {}) }], 1002],
  ['a continuation of nothing', [{ opcode: CONTINUATION, payload: '[]' }], 1002],
  [
    'a new message inside another',
    [
      { opcode: TEXT, payload: '[', isFinal: false },
      { opcode: TEXT, payload: ']' },
    ],
    1002,
  ],
  ['a ping in fragments', [{ opcode: PING, payload: 'x', isFinal: false }], 1002],
  ['a ping of 126 bytes', [{ opcode: PING, payload: 'x'.repeat(126) }], 1002],
  ['a close with one byte', [{ opcode: 8, payload: 'x' }], 1002],
  ['a close with a code that nobody may send', [{ opcode: 8, payload: Buffer.from([3, 237]) }], 1002],
  ['text that is not UTF-8', [{ opcode: TEXT, payload: Buffer.from([0x22, 0xc3, 0x28, 0x22]) }], 1007],
  ['a frame that says it is too big', [{ opcode: TEXT, payload: 'x', saidLength: 0x7fffffff }], 1009],
  [
    'fragments that together are too big',
    [
      { opcode: TEXT, payload: 'x'.repeat(200_000), isFinal: false },
      { opcode: CONTINUATION, payload: 'x'.repeat(200_000) },
    ],
    1009,
  ],
];

describe('another WebSocket library', () => {
  let channel: ChannelProcess;
  const clients: DrivenClient[] = [];
  const open = async (pieceSize?: number): Promise<DrivenClient> => {
    const client = await DrivenClient.open(channel.socketUrl, pieceSize);
    clients.push(client);
    return client;
  };

  before(async () => void (channel = await ChannelProcess.start()));
  after(() => channel.stop());
  afterEach(() => {
    for (const client of clients.splice(0)) client.cut();
  });

  for (const [how, pieceSize] of [
    ['whole', Infinity],
    ['one byte at a time', 1],
  ] as const) {
    it(`joins, pushes and hears broadcasts, frames ${how}`, async () => {
      const bus = await channel.listen('from:room:1:say');
      const client = await open(pieceSize);
      await client.join('room:1');
      client.driver.text(say('2', { text: 'grüß 😀' }));
      assert.deepEqual(await client.take(1), [reply('room:1', '2', {})]);
      assert.equal((await bus.payload('from:room:1:say')).toString(), '{"text":"grüß 😀"}');
      await channel.bus.publish('to:room:1:tick', '{"text":"grüß 😀"}');
      await channel.bus.publish('to:room:1:data', Buffer.from([0, 255]));
      const broadcast = Buffer.from('\x02\x06\x04room:1data\x00\xff', 'latin1');
      const expected = [[null, null, 'room:1', 'tick', { text: 'grüß 😀' }], broadcast];
      assert.deepEqual(await client.take(2), expected);
      bus.stop();
    });

    it(`sends bytes, and its pings are answered, frames ${how}`, async () => {
      const bus = await channel.listen('from:room:2:data');
      const client = await open(pieceSize);
      await client.join('room:2');
      client.driver.binary(Buffer.from('\x00\x01\x01\x06\x04j2room:2data\x00\xff', 'latin1'));
      assert.deepEqual(await client.take(1), [reply('room:2', '2', {})]);
      assert.deepEqual([...(await bus.payload('from:room:2:data'))], [0, 255]);
      let pongs = 0;
      for (const text of ['', 'a', 'x'.repeat(125)]) client.driver.ping(text, () => pongs++);
      await eventually(() => pongs === 3);
      bus.stop();
    });

    it(`says goodbye with its own code and gets it back, frames ${how}`, async () => {
      for (const code of [1000, 1001, 4000]) {
        const client = await open(pieceSize);
        client.driver.close('enough', code);
        assert.equal(await client.ended(), code);
      }
    });
  }

  it('sends a message in fragments, a character cut in two and a ping between them', async () => {
    const bus = await channel.listen('from:room:3:say');
    const client = await open();
    await client.join('room:3');
    let pongs = 0;
    const text = Buffer.from(say('3', { text: 'ä' }, 'room:3'));
    const middle = text.indexOf(0xc3) + 1;
    void client.sendBytes(frameBytes({ opcode: TEXT, payload: text.subarray(0, middle), isFinal: false }), 1);
    client.driver.ping('between', () => pongs++);
    void client.sendBytes(frameBytes({ opcode: CONTINUATION, isFinal: false }), 1);
    void client.sendBytes(frameBytes({ opcode: CONTINUATION, payload: text.subarray(middle) }), 1);
    assert.deepEqual(await client.take(1), [reply('room:3', '3', {})]);
    assert.equal((await bus.payload('from:room:3:say')).toString(), '{"text":"ä"}');
    assert.equal(pongs, 1);
    bus.stop();
  });

  it('sends bytes in fragments of one byte', async () => {
    const bus = await channel.listen('from:room:4:data');
    const client = await open();
    await client.join('room:4');
    const push = Buffer.from('\x00\x01\x01\x06\x04j4room:4data\x00\xff', 'latin1');
    for (const [at, byte] of push.entries()) {
      const opcode = at === 0 ? BINARY : CONTINUATION;
      const isFinal = at === push.length - 1;
      void client.sendBytes(frameBytes({ opcode: opcode, payload: Buffer.from([byte]), isFinal }));
    }
    assert.deepEqual(await client.take(1), [reply('room:4', '4', {})]);
    assert.deepEqual([...(await bus.payload('from:room:4:data'))], [0, 255]);
    bus.stop();
  });

  it('sends ninety frames in one packet and is answered in order', async () => {
    const client = await open();
    await client.join('room:5');
    const refs = Array.from({ length: 90 }, (_, n) => String(n));
    const frames = refs.map((ref) => frameBytes({ opcode: TEXT, payload: say(ref, {}, 'room:5') }));
    void client.sendBytes(Buffer.concat(frames));
    const answers = (await client.take(90)) as unknown[][];
    assert.deepEqual(
      answers.map(([, ref]) => ref),
      refs,
    );
  });

  it('is written to in frames that it accepts, however many come in one turn', async () => {
    const client = await open();
    await client.join('room:6');
    const sizes = [0, 100, 200, 40_000, 70_000, 1];
    const texts = sizes.map((size) => JSON.stringify({ text: 'ä'.repeat(size) }));
    await Promise.all(texts.map((text) => channel.bus.publish('to:room:6:tick', text)));
    const received = (await client.take(sizes.length)) as unknown[][];
    assert.deepEqual(
      received.map((frame) => JSON.stringify(frame[4])),
      texts,
    );
  });

  for (const [what, frames, code] of VIOLATIONS) {
    it(`is closed with ${code} for ${what}`, async () => {
      const [client, other] = [await open(), await open()];
      void client.sendBytes(Buffer.concat(frames.map(frameBytes)));
      assert.equal(await client.ended(), code);
      other.send([null, 'h', 'phoenix', 'heartbeat', {}]);
      assert.deepEqual(await other.take(1), [
        [null, 'h', 'phoenix', 'phx_reply', { status: 'ok', response: {} }],
      ]);
    });
  }

  it('is forgotten when it is cut off, in the middle of a frame too', async () => {
    const bus = await channel.listen('from:room:7:phx_leave');
    for (const rest of [
      Buffer.alloc(0),
      frameBytes({ opcode: TEXT, payload: say('1', {}) }).subarray(0, 9),
    ]) {
      const client = await open();
      await client.join('room:7');
      await client.sendBytes(rest);
      client.cut();
    }
    await eventually(() => bus.messages.length === 2);
    await eventually(async () => /^plugmesh_channel_sockets 0$/m.test(await channel.metrics()));
    bus.stop();
  });
});
