import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

const CROWD = 1500;
const MESSAGES = 60;

describe('a topic with very many sockets', function () {
  this.timeout(60_000);
  let channel: ChannelProcess;
  const clients: RawClient[] = [];

  before(async () => void (channel = await ChannelProcess.start()));
  after(async () => {
    for (const client of clients) client.close();
    await channel.stop();
  });

  it('gets every message once and in order, and its neighbours get theirs', async () => {
    while (clients.length < CROWD) {
      const some = await Promise.all([...Array(50)].map(() => RawClient.open(channel.socketUrl)));
      await Promise.all(some.map((client) => client.join('room:1')));
      clients.push(...some);
    }
    const other = await RawClient.open(channel.socketUrl);
    clients.push(other);
    await other.join('room:2');
    const published = Array.from({ length: MESSAGES }, (_, n) =>
      channel.bus.publish('to:room:1:tick', JSON.stringify({ n })),
    );
    await Promise.all([...published, channel.bus.publish('to:room:2:tick', '{}')]);
    other.send([null, 'beat', 'phoenix', 'heartbeat', {}]);
    await other.take(2);
    const crowd = clients.slice(0, CROWD);
    await eventually(() => crowd.every(({ frames }) => frames.length === MESSAGES + 2), {
      timeoutMs: 30_000,
    });
    const expected = Array.from({ length: MESSAGES }, (_, n) => [null, null, 'room:1', 'tick', { n }]);
    for (const { frames } of crowd) assert.deepEqual(frames.slice(2), expected);
  });
});
