import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import * as phoenix18 from 'phoenix';
import * as phoenix17 from 'phoenix-1.7';
import { WebSocket } from 'ws';
import { ChannelProcess } from '../support/channel-process.ts';

type Push = phoenix18.Push;

const LIBRARIES = { '1.8.16': phoenix18, '1.7.14': phoenix17 };
const TRANSPORTS = { ws: WebSocket, "Node's own WebSocket": globalThis.WebSocket };

const answer = (push: Push): Promise<unknown> =>
  new Promise((resolve, reject) => {
    push
      .receive('ok', resolve)
      .receive('error', (response) => reject(new Error(JSON.stringify(response))))
      .receive('timeout', () => reject(new Error('timeout')));
  });

for (const [version, { Socket, Presence }] of Object.entries(LIBRARIES)) {
  for (const [name, transport] of Object.entries(TRANSPORTS)) {
    describe(`phoenix ${version} over ${name}`, function () {
      this.timeout(30_000);
      let channel: ChannelProcess;
      const sockets: phoenix18.Socket[] = [];

      const connect = (): phoenix18.Socket => {
        const options = { transport, reconnectAfterMs: () => 100, rejoinAfterMs: () => 100 };
        const socket = new Socket(`ws://127.0.0.1:${channel.port}/socket`, options);
        sockets.push(socket);
        socket.connect();
        return socket;
      };

      before(async () => void (channel = await ChannelProcess.start()));
      after(() => channel.stop());
      afterEach(() => {
        for (const socket of sockets.splice(0)) socket.disconnect();
      });

      it('joins and learns its id', async () => {
        const { id } = (await answer(connect().channel('room:1').join())) as { id: string };
        assert.match(id, /^[\w-]{60,}$/);
      });

      it('hears why a join is refused', async () => {
        await assert.rejects(answer(connect().channel('nobody').join()), /unmatched topic/);
        await assert.rejects(answer(connect().channel('members').join()), /MESH_UNAUTHORIZED/);
      });

      it('pushes to the bus and gets its reply', async () => {
        const bus = await channel.listen('from:room:2:*');
        const room = connect().channel('room:2');
        await answer(room.join());
        assert.deepEqual(await answer(room.push('say', { text: 'grüß' })), {});
        assert.equal((await bus.payload('from:room:2:say')).toString(), '{"text":"grüß"}');
        bus.stop();
      });

      it('receives broadcasts in order', async () => {
        const room = connect().channel('room:3');
        const received: number[] = [];
        room.on('tick', (payload) => void received.push((payload as { n: number }).n));
        await answer(room.join());
        for (let n = 0; n < 100; n++) void channel.bus.publish('to:room:3:tick', JSON.stringify({ n }));
        await eventually(() => received.length === 100);
        assert.deepEqual(received, [...Array(100).keys()]);
      });

      it('sends and receives bytes', async () => {
        const bus = await channel.listen('from:room:4:*');
        const room = connect().channel('room:4');
        const received: ArrayBuffer[] = [];
        room.on('data', (payload) => void received.push(payload as ArrayBuffer));
        await answer(room.join());
        await answer(room.push('data', new Uint8Array([0, 255, 7]).buffer));
        const published = await bus.payload('from:room:4:data');
        assert.deepEqual([...published], [0, 255, 7]);
        await channel.bus.publish('to:room:4:data', published);
        await eventually(() => received.length === 1);
        assert.deepEqual([...new Uint8Array(received[0]!)], [0, 255, 7]);
        bus.stop();
      });

      it('sees who is there, who comes and who goes', async () => {
        const [first, second] = [connect(), connect()];
        const lobbies = [first, second].map((socket) => socket.channel('lobby'));
        const presences = lobbies.map((lobby) => new Presence(lobby));
        await Promise.all(lobbies.map((lobby) => answer(lobby.join())));
        await eventually(() => presences.every((presence) => presence.list().length === 2));
        assert.deepEqual(presences[0]!.list().length, presences[1]!.list().length);
        second.disconnect();
        await eventually(() => presences[0]!.list().length === 1);
      });

      it('leaves and hears nothing more', async () => {
        const room = connect().channel('room:5');
        await answer(room.join());
        await answer(room.leave());
        await eventually(() => room.state === 'closed');
        assert.equal(await channel.bus.publish('to:room:5:tick', '{}'), 1);
      });

      it('is back in its topic after the process was killed and started again', async () => {
        const socket = connect();
        const room = socket.channel('room:6');
        const received: number[] = [];
        room.on('tick', (payload) => void received.push((payload as { n: number }).n));
        await answer(room.join());
        await channel.kill();
        await eventually(() => !socket.isConnected());
        await channel.resume();
        await eventually(() => room.state === 'joined', { timeoutMs: 10_000 });
        await channel.bus.publish('to:room:6:tick', '{"n":1}');
        await eventually(() => received.length === 1);
      });

      it('is back after a drain, and after Redis was killed', async () => {
        const room = connect().channel('room:7');
        await answer(room.join());
        await channel.kill('SIGTERM');
        await channel.resume();
        await eventually(() => room.state === 'joined', { timeoutMs: 10_000 });
        let errors = 0;
        room.onError(() => {
          errors++;
        });
        await channel.redis.kill();
        await eventually(() => errors > 0);
        await channel.redis.resume();
        await eventually(() => room.state === 'joined', { timeoutMs: 15_000 });
        assert.deepEqual(await answer(room.push('say', {})), {});
      });
    });
  }
}
