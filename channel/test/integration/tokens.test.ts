import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Socket } from 'phoenix';
import { WebSocket } from 'ws';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

/** What `POST /token` answers: a token, or a problem document. */
type TokenAnswer = Readonly<Record<'channel' | 'id' | 'token' | 'code', string>>;

describe('tokens', () => {
  let channel: ChannelProcess;

  before(async () => void (channel = await ChannelProcess.start('token_ttl = "2s"')));
  after(() => channel.stop());

  const request = async (body: unknown, path = '/token'): Promise<[number, TokenAnswer]> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(channel.url + path, { method: 'POST', body: text });
    return [response.status, (await response.json()) as TokenAnswer];
  };

  const join = async (
    topic: string,
    token?: string,
    url = channel.socketUrl,
  ): Promise<Record<string, string>> => {
    const client = await RawClient.open(url);
    client.send(['1', '2', topic, 'phx_join', token === undefined ? {} : { token }]);
    const { status, response } = (await client.answer())[4];
    client.close();
    return { status, ...response };
  };

  it('gives a token whose id the join reply repeats', async () => {
    for (const path of ['/token', '/socket/token']) {
      const [status, { channel: topic, id, token }] = await request({ channel: 'system' }, path);
      assert.equal(status, 200);
      assert.equal(topic, 'system');
      assert.deepEqual(await join('system', token), { status: 'ok', id });
    }
  });

  it("opens a client's own stream, and nobody else's", async () => {
    const [, { id }] = await request({ channel: 'system' });
    const topic = `streaming-${id}`;
    const [status, { token }] = await request({ channel: topic, id });
    assert.equal(status, 200);
    assert.equal((await join(topic, token)).status, 'ok');
    assert.equal((await join(topic)).code, 'MESH_FORBIDDEN');
    const [refused] = await request({ channel: topic });
    assert.equal(refused, 403);
  });

  it('takes a token of the connection where it is valid, and ignores it elsewhere', async () => {
    const [, { id, token }] = await request({ channel: 'system' });
    const url = `${channel.socketUrl}&token=${token}`;
    assert.equal((await join('system', undefined, url)).id, id);
    const other = await join('room:1', undefined, url);
    assert.equal(other.status, 'ok');
    assert.notEqual(other.id, id);
  });

  it("takes the official client's authToken, and answers its sub-protocols with 'phoenix'", async () => {
    const [, { id, token }] = await request({ channel: 'system' });
    const options = { transport: WebSocket, authToken: token };
    const socket = new Socket(`ws://127.0.0.1:${channel.port}/socket`, options);
    socket.connect();
    const joined = await new Promise<unknown>((resolve) => {
      socket.channel('system').join().receive('ok', resolve).receive('error', resolve);
    });
    assert.deepEqual(joined, { id });
    assert.equal((socket as unknown as { conn: WebSocket }).conn.protocol, 'phoenix');
    socket.disconnect();
  });

  for (const encoded of ['YT8/', 'YT8_']) {
    it(`takes a sub-protocol with ${encoded}`, async () => {
      const client = connect(channel.port, '127.0.0.1');
      const head = [
        'GET /websocket?vsn=2.0.0 HTTP/1.1',
        'Host: a',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        `Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.${encoded}`,
      ];
      client.write(`${head.join('\r\n')}\r\n\r\n`);
      const [answer] = (await once(client, 'data')) as [Buffer];
      client.destroy();
      assert.match(answer.toString(), /^HTTP\/1\.1 101/);
      assert.match(answer.toString(), /^Sec-WebSocket-Protocol: phoenix\r$/m);
    });
  }

  it('refuses a token for another topic, a changed one and an expired one', async () => {
    const [, { token }] = await request({ channel: 'system' });
    assert.match(String((await join('room:1', token))['reason']), /other topic/);
    assert.match(String((await join('system', `${token.slice(0, -4)}AAAA`))['reason']), /invalid/);
    assert.match(String((await join('system', 'nonsense'))['reason']), /invalid/);
    const end = Date.now() + 10_000;
    let reply = await join('system', token);
    while (reply.status === 'ok' && Date.now() < end) reply = await join('system', token);
    assert.match(String(reply['reason']), /expired/);
  });

  it('takes no client that goes away in the middle for a failure', async () => {
    const client = connect(channel.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.write('POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{');
    await request({ channel: 'system' });
    client.destroy();
    await once(client, 'close');
    for (let n = 0; n < 5; n++) await request({ channel: 'system' });
    assert.doesNotMatch(channel.output, /a request failed/);
  });

  it('refuses ids that it has not minted', async () => {
    const [, { id }] = await request({ channel: 'system' });
    const changed = `${id[0] === 'A' ? 'B' : 'A'}${id.slice(1)}`;
    for (const forged of ['', 'someone', changed, 7, {}]) {
      const [status, { code }] = await request({ channel: 'system', id: forged });
      assert.deepEqual([status, code], [400, 'MESH_BAD_REQUEST']);
    }
  });

  const refused = [
    ['a topic without a rule', { channel: 'nobody' }, 404],
    ['a topic for signed-in users', { channel: 'members' }, 401],
    ['a body without a topic', {}, 400],
    ['a body that is no JSON', '{', 400],
    ['a body that is no object', '7', 400],
    ['a body that is too long', { channel: 'x'.repeat(20_000) }, 413],
    ['a body that is much too long', { channel: 'x'.repeat(8_000_000) }, 413],
  ] as const;
  for (const [label, body, expected] of refused) {
    it(`refuses ${label} with ${expected}`, async () => assert.equal((await request(body))[0], expected));
  }

  it('answers GET with 405, unknown paths with 404 and metrics only to the operator', async () => {
    assert.equal((await fetch(`${channel.url}/token`)).status, 405);
    assert.equal((await fetch(`${channel.url}/nothing`)).status, 404);
    assert.equal((await fetch(`${channel.url}/metrics`)).status, 401);
  });

  it('never logs a token', async () => {
    const [, { token }] = await request({ channel: 'system' });
    await join('system', token, `${channel.socketUrl}&token=${token}`);
    await join('room:1', token);
    assert.ok(!channel.output.includes(token));
  });
});
