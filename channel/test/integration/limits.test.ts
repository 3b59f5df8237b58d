import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient, responseOf } from '../support/raw-client.ts';

const SETTINGS = `
origins = ["https://app.example.com", "//*.example.org"]
[channel.limits]
frame = "2KiB"
topics_per_socket = 2
joins_per_second = 5
pushes_per_second = 5
sockets = 20
queue = "64KiB"
idle = "1s"
`;

describe('limits, origins and addresses', () => {
  let channel: ChannelProcess;
  const clients: RawClient[] = [];
  const open = async (...args: Parameters<typeof RawClient.open>): Promise<RawClient> => {
    const client = await RawClient.open(...args);
    clients.push(client);
    return client;
  };

  before(async () => void (channel = await ChannelProcess.start(SETTINGS)));
  after(() => channel.stop());
  afterEach(async () => {
    for (const client of clients.splice(0)) {
      client.close();
      await client.closed();
    }
  });

  it('closes with 1009 for a frame that is too big', async () => {
    const client = await open(channel.socketUrl);
    client.send(['1', '1', 'room:1', 'say', 'x'.repeat(3000)]);
    assert.equal(await client.closed(), 1009);
  });

  it('refuses more topics than allowed, but not a topic joined again', async () => {
    const client = await open(channel.socketUrl);
    await client.join('room:1', 'a');
    await client.join('room:2', 'b');
    client.send(['c', '1', 'room:3', 'phx_join', {}], ['d', '2', 'room:2', 'phx_join', {}]);
    const [refused, again] = await client.rest();
    assert.equal(responseOf(refused)['reason'], 'too many channels joined');
    assert.ok('id' in responseOf(again));
  });

  it('refuses pushes and joins above the rate, and says when to try again', async () => {
    const client = await open(channel.socketUrl);
    await client.join('room:1');
    for (let n = 0; n < 6; n++) client.send(['j1', `${n}`, 'room:1', 'say', {}]);
    for (let n = 0; n < 6; n++) client.send(['j1', `${n}`, 'nobody', 'phx_join', {}]);
    const answers = (await client.rest()).map(responseOf);
    const retryAfter = Number(answers[5]?.['retryAfter']);
    assert.equal(answers[5]?.['code'], 'MESH_RATE_LIMITED');
    assert.ok(retryAfter > 0 && retryAfter <= 200);
    assert.equal(answers.at(-1)?.['code'], 'MESH_RATE_LIMITED');
  });

  it('closes with 4429 when a client goes on regardless', async () => {
    const client = await open(channel.socketUrl);
    await client.join('room:1');
    for (let n = 0; n < 1200; n++) client.send(['j1', '1', 'room:1', 'say', {}]);
    assert.equal(await client.closed(), 4429);
  });

  for (const [what, frame] of [
    ['heartbeats', [null, '1', 'phoenix', 'heartbeat', {}]],
    ['leaves of a topic that is not joined', ['j1', '1', 'room:9', 'phx_leave', {}]],
    ['pushes to a topic that is not joined', ['j1', '1', 'room:9', 'say', {}]],
    ['pushes of an earlier membership', ['j0', '1', 'room:1', 'say', {}]],
    ["events of the protocol's own", ['j1', '1', 'room:1', 'phx_reply', {}]],
    ['names that are too long', ['j1', '1', 'x'.repeat(256), 'say', {}]],
    ['names with a control character', ['j1', '1', 'a\nb', 'phx_leave', {}]],
  ] as const) {
    it(`refuses ${what} above the rate, then closes with 4429`, async () => {
      const client = await open(channel.socketUrl);
      await client.join('room:1');
      for (let n = 0; n < 6; n++) client.send(frame);
      const answers = await client.rest();
      const { code, retryAfter } = responseOf(answers.at(-1));
      assert.equal(code, 'MESH_RATE_LIMITED');
      assert.ok(Number(retryAfter) > 0 && Number(retryAfter) <= 200);
      for (let n = 0; n < 1200; n++) client.send(frame);
      assert.equal(await client.closed(), 4429);
    });
  }

  it('takes the leave of a joined topic however much was sent before, so that nothing more comes of it', async () => {
    const client = await open(channel.socketUrl);
    await client.join('room:1');
    for (let n = 0; n < 10; n++) client.send([null, '1', 'phoenix', 'heartbeat', {}]);
    client.send(['j1', 'bye', 'room:1', 'phx_leave', {}]);
    const answers = await client.rest();
    assert.deepEqual(answers.at(-1), ['j1', 'j1', 'room:1', 'phx_close', {}]);
  });

  it('takes a reference that is longer than a name for a malformed frame', async () => {
    const client = await open(channel.socketUrl);
    for (let n = 0; n < 10; n++) client.send(['x'.repeat(256), '1', 'room:1', 'phx_join', {}]);
    assert.equal(await client.closed(), 1003);
  });

  it('writes a line for every refusal and close with its code', async () => {
    const client = await open(channel.socketUrl);
    client.send(['1', '1', 'nobody', 'phx_join', {}]);
    await client.next();
    client.send('x'.repeat(3000));
    await client.closed();
    await RawClient.refusal(`${channel.url.replace('http', 'ws')}/websocket?vsn=9`);
    for (const code of ['MESH_TOPIC_UNMATCHED', '1009', 'MESH_VERSION_REFUSED']) {
      await eventually(() => channel.output.includes(code), { what: code });
    }
  });

  it('closes an idle socket with 4408', async () => {
    const client = await open(channel.socketUrl);
    assert.equal(await client.closed(), 4408);
  });

  it('cuts off a client that does not read, and serves the others', async () => {
    const [slow, quick] = [await open(channel.socketUrl), await open(channel.socketUrl)];
    await slow.join('room:8');
    await quick.join('room:8');
    slow.webSocket.pause();
    const heartbeat = setInterval(() => quick.send([null, 'h', 'phoenix', 'heartbeat', {}]), 200);
    const payload = JSON.stringify({ text: 'x'.repeat(10_000) });
    const closed = (): boolean => channel.output.includes('4410');
    for (let n = 0; !closed() && n < 20; n++) {
      await Promise.all([...Array(100)].map(() => channel.bus.publish('to:room:8:big', payload)));
      await eventually(() => quick.frames.length >= (n + 1) * 100);
    }
    await eventually(closed);
    clearInterval(heartbeat);
    assert.equal(quick.closeCode, undefined);
  });

  it('refuses more sockets than allowed with 503', async () => {
    await Promise.all([...Array(20)].map(() => open(channel.socketUrl)));
    assert.deepEqual(await RawClient.refusal(channel.socketUrl), [503, 'MESH_OVERLOADED']);
  });

  for (const vsn of ['?vsn=3.0.0', '?vsn=12.0.0', '?vsn=2', '?vsn=']) {
    it(`refuses version '${vsn}' with 403`, async () => {
      const url = `ws://127.0.0.1:${channel.port}/websocket${vsn}`;
      assert.deepEqual(await RawClient.refusal(url), [403, 'MESH_VERSION_REFUSED']);
    });
  }

  it('serves /websocket too, and no other path', async () => {
    await open(`ws://127.0.0.1:${channel.port}/websocket?vsn=2.0.0`);
    const [status] = await RawClient.refusal(`ws://127.0.0.1:${channel.port}/elsewhere?vsn=2.0.0`);
    assert.equal(status, 404);
  });

  it('lets in its own origin, listed ones and clients without one', async () => {
    for (const origin of [channel.url, 'https://app.example.com', 'http://a.b.example.org:8080']) {
      await open(channel.socketUrl, [], { origin });
    }
  });

  for (const origin of [
    'https://evil.example',
    'http://app.example.com',
    'https://evilexample.org',
    'null',
  ]) {
    it(`refuses origin '${origin}'`, async () =>
      assert.deepEqual(await RawClient.refusal(channel.socketUrl, { origin }), [403, 'MESH_ORIGIN_REFUSED']));
  }

  it("takes the official client's sub-protocols and answers 'phoenix'", async () => {
    const carrier = `base64url.bearer.phx.${Buffer.from('secret').toString('base64url')}`;
    const client = await open(channel.socketUrl, ['phoenix', carrier]);
    assert.equal(client.webSocket.protocol, 'phoenix');
  });

  it('survives an upgrade that is no WebSocket and a connection that ends in the middle', async () => {
    const stream = createConnection(channel.port, '127.0.0.1');
    stream.write(
      'GET /websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const [answer] = (await once(stream, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 400/);
    stream.destroy();
    assert.equal((await fetch(`${channel.url}/healthz`)).status, 200);
  });
});
