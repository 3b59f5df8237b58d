import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { Socket as SocketV1, type Push, type Socket } from 'phoenix-1.2';
import { Socket as SocketV2 } from 'phoenix';
import { WebSocket } from 'ws';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

const answer = (push: Push): Promise<unknown> =>
  new Promise((resolve, reject) => {
    push
      .receive('ok', resolve)
      .receive('error', (response) => reject(new Error(JSON.stringify(response))))
      .receive('timeout', () => reject(new Error('timeout')));
  });

describe('protocol version 1', function () {
  this.timeout(20_000);
  let channel: ChannelProcess;
  const sockets: Socket[] = [];

  before(async () => void (channel = await ChannelProcess.start()));
  after(() => channel.stop());
  afterEach(() => {
    for (const socket of sockets.splice(0)) {
      socket.disconnect();
      // 1.2 forgets this timer when it disconnects.
      clearInterval((socket as unknown as { heartbeatTimer: NodeJS.Timeout }).heartbeatTimer);
    }
  });

  const connect = (Client: typeof SocketV1): Socket => {
    const options = { transport: WebSocket, reconnectAfterMs: () => 100 };
    const socket = new Client(`ws://127.0.0.1:${channel.port}/socket`, options);
    sockets.push(socket);
    socket.connect();
    return socket;
  };

  describe('with phoenix 1.2.1', () => {
    it('joins, pushes, receives and leaves', async () => {
      const bus = await channel.listen('from:room:1:*');
      const room = connect(SocketV1).channel('room:1', {});
      const received: unknown[] = [];
      room.on('tick', (payload) => void received.push(payload));
      const { id } = (await answer(room.join())) as { id: string };
      assert.match(id, /^[\w-]{60,}$/);
      assert.deepEqual(await answer(room.push('say', { text: 'grüß' })), {});
      assert.equal((await bus.payload('from:room:1:say')).toString(), '{"text":"grüß"}');
      for (let n = 0; n < 50; n++) void channel.bus.publish('to:room:1:tick', JSON.stringify({ n }));
      await eventually(() => received.length === 50);
      assert.deepEqual(
        received,
        [...Array(50).keys()].map((n) => ({ n })),
      );
      await answer(room.leave());
      await eventually(() => room.state === 'closed');
      await bus.payload('from:room:1:phx_leave');
      bus.stop();
    });

    it('hears why a join is refused', async () => {
      await assert.rejects(answer(connect(SocketV1).channel('nobody', {}).join()), /unmatched topic/);
    });

    it('is back in its topic after the process was killed and started again', async () => {
      const room = connect(SocketV1).channel('room:2', {});
      const received: unknown[] = [];
      room.on('tick', (payload) => void received.push(payload));
      await answer(room.join());
      await channel.kill();
      await channel.resume();
      await eventually(
        async () => {
          await channel.bus.publish('to:room:2:tick', '{}');
          return received.length > 0;
        },
        { timeoutMs: 15_000 },
      );
    });

    it('shares a topic with a client of version 2, and goes without bytes, which is counted', async () => {
      const [old, modern] = [connect(SocketV1).channel('room:3', {}), connect(SocketV2).channel('room:3')];
      const received: [string, unknown][] = [];
      old.on('data', () => void received.push(['v1', 'bytes']));
      modern.on('data', () => void received.push(['v2', 'bytes']));
      old.on('tick', (payload) => void received.push(['v1', payload]));
      modern.on('tick', (payload) => void received.push(['v2', payload]));
      await Promise.all([answer(old.join()), answer(modern.join())]);
      await channel.bus.publish('to:room:3:data', Buffer.from([0, 0xff]));
      await channel.bus.publish('to:room:3:tick', '{"n":1.0}');
      await eventually(() => received.length === 3);
      assert.deepEqual(received.toSorted(), [
        ['v1', { n: 1 }],
        ['v2', { n: 1 }],
        ['v2', 'bytes'],
      ]);
      assert.match(await channel.metrics(), /^plugmesh_channel_skipped_total 1$/m);
    });
  });

  for (const vsn of ['', '?vsn=1.0.0', '?vsn=1.2.3']) {
    it(`speaks object frames with '${vsn}'`, async () => {
      const client = await RawClient.open(`ws://127.0.0.1:${channel.port}/websocket${vsn}`);
      const at = { topic: 'room:9' };
      client.send(JSON.stringify({ ...at, event: 'phx_join', payload: {}, ref: '4' }));
      const [reply, state] = (await client.take(2)) as unknown as { payload: { response: unknown } }[];
      const { response } = reply!.payload;
      const joined = { ...at, event: 'phx_reply', payload: { status: 'ok', response }, ref: '4' };
      assert.deepEqual(reply, joined);
      assert.deepEqual(state, { ...at, event: 'presence_state', payload: {}, ref: null });
      await channel.bus.publish('to:room:9:tick', '{"a": 1.0}');
      assert.deepEqual(await client.next(), { ...at, event: 'tick', payload: { a: 1 }, ref: null });
      client.send(JSON.stringify({ ...at, event: 'phx_leave', payload: {}, ref: '5' }));
      const left = { ...at, event: 'phx_reply', payload: { status: 'ok', response: {} }, ref: '5' };
      assert.deepEqual(await client.take(2), [left, { ...at, event: 'phx_close', payload: {}, ref: '4' }]);
      client.close();
    });
  }

  it('takes binary frames and arrays for malformed', async () => {
    const client = await RawClient.open(`ws://127.0.0.1:${channel.port}/websocket?vsn=1.0.0`);
    client.send(Buffer.from([0, 0, 0, 1, 1, 0x74, 0x65]));
    for (let n = 0; n < 9; n++) client.send(['1', '1', 'room:1', 'phx_join', {}]);
    assert.equal(await client.closed(), 1003);
  });
});
