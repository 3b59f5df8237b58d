import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

/** The TCP connection below a client of `ws`, which keeps it to itself. */
function tcpOf(client: RawClient): Socket {
  return (client.webSocket as unknown as { _socket: Socket })._socket;
}

describe('a socket that vanishes', function () {
  this.timeout(20_000);
  let channel: ChannelProcess;

  before(async () => void (channel = await ChannelProcess.start('limits.idle = "2s"')));
  after(() => channel.stop());

  const ways: [string, (client: RawClient) => unknown][] = [
    ['with a reset of its connection', (client) => tcpOf(client).resetAndDestroy()],
    ['without a word, half open', (client) => tcpOf(client).pause()],
  ];
  for (const [how, vanish] of ways) {
    it(`${how}: has left every topic, on the bus and for those who are present`, async () => {
      const bus = await channel.listen('from:*');
      const [client, other] = [
        await RawClient.open(channel.socketUrl),
        await RawClient.open(channel.socketUrl),
      ];
      await client.join('room:1', 'a');
      await client.join('lobby', 'b');
      const { socket } = JSON.parse((await bus.payload('from:lobby:phx_join')).toString()) as {
        socket: string;
      };
      await other.join('lobby', 'c');
      const heartbeat = setInterval(() => other.send([null, 'h', 'phoenix', 'heartbeat', {}]), 200);
      vanish(client);
      for (const topic of ['room:1', 'lobby']) {
        const left = JSON.parse((await bus.payload(`from:${topic}:phx_leave`)).toString()) as object;
        assert.ok('socket' in left && left.socket === socket, JSON.stringify(left));
      }
      await eventually(() =>
        other.frames.some((frame) => {
          const [, , topic, event, payload] = frame as [0, 0, string, string, { leaves?: object }];
          return (
            topic === 'lobby' && event === 'presence_diff' && Object.hasOwn(payload.leaves ?? {}, socket)
          );
        }),
      );
      clearInterval(heartbeat);
      for (const each of [client, other]) each.close();
      const leaves = (): number => bus.messages.filter(([name]) => name === 'from:lobby:phx_leave').length;
      await eventually(() => leaves() === 2);
      bus.stop();
    });
  }
});
