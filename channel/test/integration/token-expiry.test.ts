import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { Socket } from 'phoenix';
import { WebSocket } from 'ws';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient, responseOf } from '../support/raw-client.ts';

describe('the end of a token', function () {
  this.timeout(20_000);
  let channel: ChannelProcess;

  before(async () => void (channel = await ChannelProcess.start('token_ttl = "2s"')));
  after(() => channel.stop());

  const mint = async (topic: string, id?: string): Promise<{ id: string; token: string }> => {
    const body = JSON.stringify({ channel: topic, id });
    const response = await fetch(`${channel.url}/token`, { method: 'POST', body });
    return (await response.json()) as { id: string; token: string };
  };

  it('ends the membership with phx_error, and others of the socket stay', async () => {
    const client = await RawClient.open(channel.socketUrl);
    const { token } = await mint('system');
    const bus = await channel.listen('from:system:*');
    await client.join('room:1', 'other');
    await client.join('system', 'j1', { token });
    const end = await eventually(() => client.frames[4], { timeoutMs: 10_000 });
    assert.deepEqual(end, ['j1', 'j1', 'system', 'phx_error', {}]);
    await bus.payload('from:system:phx_leave');
    client.send(['other', '9', 'room:1', 'say', {}]);
    assert.equal(((await eventually(() => client.frames[5])) as unknown[])[0], 'other');
    bus.stop();
    client.close();
  });

  it('closes with 4401 where the token came with the connection', async () => {
    const { token } = await mint('system');
    const client = await RawClient.open(`${channel.socketUrl}&token=${token}`);
    await client.join('system');
    assert.equal(await client.closed(), 4401);
  });

  it('is put off by an access_token push, which no plugin sees', async () => {
    const client = await RawClient.open(channel.socketUrl);
    const bus = await channel.listen('from:system:*');
    const { id, token } = await mint('system');
    await client.join('system', 'j1', { token });
    const until = Date.now() + 4000;
    let replies = 0;
    await eventually(
      async () => {
        const { token: newer } = await mint('system', id);
        client.send(['j1', `${replies}`, 'system', 'access_token', { access_token: newer }]);
        const [, ref, , , reply] = await client.answer();
        assert.deepEqual([ref, reply], [`${replies++}`, { status: 'ok', response: {} }]);
        return Date.now() > until;
      },
      { timeoutMs: 8000 },
    );
    assert.deepEqual(
      bus.messages.map(([name]) => name),
      ['from:system:phx_join'],
    );
    bus.stop();
    client.close();
  });

  it('is not put off by the token of another client, a wrong one or none', async () => {
    const client = await RawClient.open(channel.socketUrl);
    const { token } = await mint('system');
    await client.join('system', 'j1', { token });
    const { token: others } = await mint('system');
    const tokens = [{ access_token: others }, { access_token: 'nonsense' }, {}, []];
    tokens.forEach((payload, n) => client.send(['j1', `${n}`, 'system', 'access_token', payload]));
    const codes = (await client.take(4)).map((frame) => responseOf(frame)['code']);
    assert.deepEqual(codes, ['MESH_FORBIDDEN', 'MESH_UNAUTHORIZED', 'MESH_BAD_REQUEST', 'MESH_BAD_REQUEST']);
    assert.deepEqual(await client.next(), ['j1', 'j1', 'system', 'phx_error', {}]);
    client.send(['j1', '9', 'system', 'access_token', { access_token: others }]);
    assert.equal(responseOf(await client.next())['code'], 'MESH_TOPIC_UNMATCHED');
    client.close();
  });

  it('lets the official client join again with the token that its parameters give then', async () => {
    const options = { transport: WebSocket, rejoinAfterMs: () => 50 };
    const socket = new Socket(`ws://127.0.0.1:${channel.port}/socket`, options);
    let current = await mint('system');
    const ids: string[] = [];
    const system = socket.channel('system', () => ({ token: current.token }));
    system.join().receive('ok', (reply) => void ids.push((reply as { id: string }).id));
    system.onError(() => void mint('system', current.id).then((newer) => (current = newer)));
    socket.connect();
    await eventually(() => ids.length === 3, { timeoutMs: 12_000 });
    assert.deepEqual(ids, [current.id, current.id, current.id]);
    socket.disconnect();
  });
});
