import assert from 'node:assert/strict';
import { encodeBinaryMessage } from '@plugmesh/shared/protocol';
import { eventually } from '@plugmesh/shared/testing';
import { Socket } from 'phoenix';
import { WebSocket } from 'ws';
import { ChannelProcess, type BusRecord } from '../support/channel-process.ts';
import { RawClient, responseOf } from '../support/raw-client.ts';

interface Envelope {
  readonly payload: unknown;
  readonly meta: { user: null; socket: string; ref: unknown; replyTo: string | null; encoding?: string };
}

describe('a topic with envelope', function () {
  this.timeout(20_000);
  let channel: ChannelProcess;
  let client: RawClient;
  let bus: BusRecord;

  before(async () => void (channel = await ChannelProcess.start()));
  after(() => channel.stop());
  beforeEach(async () => {
    bus = await channel.listen('from:asked:1:*');
    client = await RawClient.open(channel.socketUrl);
    await client.join('asked:1');
  });
  afterEach(() => {
    bus.stop();
    client.close();
  });

  const envelope = async (event: string): Promise<Envelope> =>
    JSON.parse((await bus.payload(`from:asked:1:${event}`)).toString()) as Envelope;
  const answer = (replyTo: string | null, text: unknown): Promise<number> =>
    channel.bus.publish(String(replyTo), typeof text === 'string' ? text : JSON.stringify(text));

  it('says who pushed what, and hands the answer to that very push', async () => {
    client.send('["j1","8","asked:1","first",{"n": 1.0}]', ['j1', 9, 'asked:1', 'second', {}]);
    const [first, second] = [await envelope('first'), await envelope('second')];
    const joined = JSON.parse((await bus.payload('from:asked:1:phx_join')).toString()) as { socket: string };
    const { replyTo, ...meta } = first.meta;
    assert.deepEqual(meta, { user: null, socket: joined.socket, ref: '8' });
    assert.match((await bus.payload('from:asked:1:first')).toString(), /^\{"payload":\{"n": 1\.0\},"meta"/);
    await answer(second.meta.replyTo, { status: 'ok', response: { n: 2 } });
    await answer(replyTo, { status: 'error', response: { reason: 'no' } });
    await answer(replyTo, { status: 'ok' });
    assert.deepEqual(await client.rest(), [
      ['j1', 9, 'asked:1', 'phx_reply', { status: 'ok', response: { n: 2 } }],
      ['j1', '8', 'asked:1', 'phx_reply', { status: 'error', response: { reason: 'no' } }],
    ]);
  });

  it('carries bytes as base64, and no replyTo for a push without a ref', async () => {
    const payload = Buffer.from([0, 0xff]);
    client.send(encodeBinaryMessage({ joinRef: 'j1', ref: null, topic: 'asked:1', event: 'raw', payload }));
    const { meta, payload: text } = await envelope('raw');
    assert.deepEqual([text, meta.encoding, meta.replyTo], ['AP8=', 'base64', null]);
    assert.deepEqual(await client.rest(), []);
  });

  it('answers with an error for garbage, and in time when no plugin answers', async () => {
    client.send(['j1', '1', 'asked:1', 'late', {}], ['j1', '2', 'asked:1', 'garbage', {}]);
    await answer((await envelope('garbage')).meta.replyTo, '{"status": "perhaps"}');
    assert.equal(responseOf(await client.next())['code'], 'MESH_UPSTREAM_FAILED');
    const late = await eventually(() => client.frames[3], { timeoutMs: 10_000 });
    assert.equal(responseOf(late)['code'], 'MESH_UPSTREAM_TIMEOUT');
  });

  it('answers with an error for what nests too deeply to be written, and lives on', async () => {
    client.send(['j1', '1', 'asked:1', 'deep', {}], ['j1', '2', 'asked:1', 'flat', {}]);
    const nested = '['.repeat(50_000) + ']'.repeat(50_000);
    await answer((await envelope('deep')).meta.replyTo, `{"status":"ok","response":${nested}}`);
    assert.equal(responseOf(await client.next())['code'], 'MESH_UPSTREAM_FAILED');
    await answer((await envelope('flat')).meta.replyTo, { status: 'ok', response: { n: 1 } });
    assert.deepEqual(responseOf(await client.next()), { n: 1 });
  });

  it('lets the official client receive what the plugin answers, and tells of sockets that vanish', async () => {
    const socket = new Socket(`ws://127.0.0.1:${channel.port}/socket`, { transport: WebSocket });
    socket.connect();
    const asked = socket.channel('asked:1');
    asked.join();
    const response = new Promise((resolve) => asked.push('ask', {}).receive('ok', resolve));
    const { meta } = await envelope('ask');
    await answer(meta.replyTo, { status: 'ok', response: { answer: 42 } });
    assert.deepEqual(await response, { answer: 42 });
    (socket as unknown as { conn: WebSocket }).conn.terminate();
    await eventually(() =>
      bus.messages.some(([name, payload]) => name.endsWith('phx_leave') && payload.includes(meta.socket)),
    );
    socket.disconnect();
  });
});
