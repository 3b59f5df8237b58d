import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { Socket } from 'phoenix';
import { WebSocket } from 'ws';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

describe('closing sockets from the bus', function () {
  this.timeout(20_000);
  let channel: ChannelProcess;
  let client: RawClient;
  let other: RawClient;
  let id: string;
  let name: string;

  before(async () => void (channel = await ChannelProcess.start()));
  after(() => channel.stop());
  beforeEach(async () => {
    const bus = await channel.listen('from:room:1:phx_join');
    [client, other] = await Promise.all([
      RawClient.open(channel.socketUrl),
      RawClient.open(channel.socketUrl),
    ]);
    id = await client.join('room:1');
    const announced = JSON.parse((await bus.payload('from:room:1:phx_join')).toString()) as {
      socket: string;
    };
    name = announced.socket;
    await other.join('room:1');
    bus.stop();
  });
  afterEach(() => {
    client.close();
    other.close();
  });

  const disconnect = (order: unknown): Promise<number> =>
    channel.bus.publish('plugmesh:disconnect', JSON.stringify(order));

  for (const by of ['socket', 'id', 'both']) {
    it(`closes with 1001 by ${by}, and nobody else`, async () => {
      await disconnect({ ...(by !== 'id' && { socket: name }), ...(by !== 'socket' && { id }) });
      assert.equal(await client.closed(), 1001);
      assert.deepEqual(await other.rest(), []);
    });
  }

  it('closes by the id of a token', async () => {
    const body = JSON.stringify({ channel: 'system' });
    const response = await fetch(`${channel.url}/token`, { method: 'POST', body });
    const minted = (await response.json()) as { id: string; token: string };
    await other.join('system', 'j2', { token: minted.token });
    await disconnect({ id: minted.id });
    assert.equal(await other.closed(), 1001);
  });

  it('closes nobody for an order that fits nobody, or cannot be understood', async () => {
    const orders = [{}, [], 7, null, { everybody: 'x' }, { socket: 7 }, { socket: name, node: 'x' }];
    const nobody = [{ socket: 'x' }, { user: 'x' }, { session: 'x' }, { id: 'x' }, { socket: name, id: 'x' }];
    for (const order of [...orders, ...nobody]) await disconnect(order);
    await channel.bus.publish('plugmesh:disconnect', '{');
    await channel.bus.publish('to:room:1:after', '{}');
    for (const each of [client, other]) assert.equal(((await each.next()) as unknown[])[3], 'after');
    assert.match(channel.output, /'plugmesh:disconnect' expects/);
  });

  it('lets the official client come back', async () => {
    const options = { transport: WebSocket, reconnectAfterMs: () => 50, rejoinAfterMs: () => 50 };
    const socket = new Socket(`ws://127.0.0.1:${channel.port}/socket`, options);
    const ids: string[] = [];
    const codes: number[] = [];
    const room = socket.channel('room:2');
    room.join().receive('ok', (reply) => void ids.push((reply as { id: string }).id));
    socket.onClose(({ code }) => void codes.push(code));
    socket.connect();
    await eventually(() => ids.length === 1);
    await disconnect({ id: ids[0] });
    await eventually(() => ids.length === 2, { timeoutMs: 10_000 });
    assert.deepEqual(codes, [1001]);
    socket.disconnect();
  });
});
