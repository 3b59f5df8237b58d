import assert from 'node:assert/strict';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { Balancer } from '../support/balancer.ts';
import { ChannelProcess } from '../support/channel-process.ts';
import { PollClient } from '../support/poll-client.ts';

const SETTINGS = '[channel.limits]\npoll = "2s"';

describe('long-poll with several channel processes', function () {
  this.timeout(60_000);
  let redis: RedisServer;
  let [one, two]: ChannelProcess[] = [];
  let balancer: Balancer;

  before(async () => {
    redis = await RedisServer.start();
    [one, two] = await Promise.all([
      ChannelProcess.start(SETTINGS, redis),
      ChannelProcess.start(SETTINGS, redis),
    ]);
    balancer = await Balancer.start(one.url, two.url);
  });
  after(async () => {
    balancer.stop();
    await Promise.all([one?.stop(), two?.stop()]);
    await redis.stop();
  });

  const publish = (topic: string, n: number): Promise<number> =>
    one!.bus.publish(`to:${topic}:tick`, JSON.stringify({ n }));
  const numbers = (messages: readonly unknown[][]): unknown[] =>
    messages.filter(([, , , event]) => event === 'tick').map((each) => (each[4] as { n: number }).n);

  /** A client whose connection is in one process, talking to another one. */
  const strayed = async (owner: ChannelProcess, other: ChannelProcess): Promise<PollClient> => {
    const opened = await PollClient.open(owner.url);
    const client = new PollClient(other.url);
    client.token = opened.token;
    return client;
  };

  /** A poll that has been handed to the other process, and waits there. */
  const handedOn = async (client: PollClient): Promise<{ reply: ReturnType<PollClient['poll']> }> => {
    const relayed = await one!.listen('plugmesh:poll:*');
    const reply = client.poll();
    await eventually(() => relayed.messages.length > 0);
    relayed.stop();
    return { reply };
  };

  it('serves a client whose requests reach either of them', async () => {
    const bus = await one!.listen('from:room:1:*');
    const client = await PollClient.open(balancer.url);
    await client.join('room:1');
    const seen: unknown[] = [];
    const reader = (async () => {
      while (seen.length < 500) seen.push(...numbers(await client.take(1)));
    })();
    for (let n = 0; n < 500; n++) {
      await publish('room:1', n);
      if (n % 50 !== 0) continue;
      assert.equal((await client.post(['j1', n, 'room:1', 'say', { n }])).status, 200);
    }
    await reader;
    assert.deepEqual(seen, [...Array(500).keys()]);
    const said = await eventually(() => {
      const pushes = bus.messages.filter(([name]) => name === 'from:room:1:say');
      return pushes.length === 10 && pushes;
    });
    assert.deepEqual(
      said.map(([, payload]) => (JSON.parse(payload.toString()) as { n: number }).n),
      [...Array(10).keys()].map((n) => n * 50),
    );
    bus.stop();
  });

  it('ends a poll with its window there too', async () => {
    const client = await strayed(one!, two!);
    assert.equal((await client.poll()).status, 204);
  });

  it('shows nothing on the bus that opens anything, and hears nothing twice or forged', async () => {
    const relayed = await one!.listen('plugmesh:poll:*');
    const pushes = await one!.listen('from:room:2:say');
    const client = await strayed(one!, two!);
    await client.join('room:2');
    await client.post(['j1', '1', 'room:2', 'say', { text: 'in-confidence' }]);
    await pushes.payload('from:room:2:say');
    const heard = relayed.messages.splice(0);
    const all = Buffer.concat(heard.map(([, payload]) => payload)).toString('latin1');
    assert.doesNotMatch(all, /in-confidence|poll|room/);
    for (const [channel, payload] of heard) {
      await one!.bus.publish(channel, payload);
      await one!.bus.publish(channel, payload.subarray(0, 40));
      await one!.bus.publish(channel, payload.fill(0, 50));
    }
    await client.post(['j1', '2', 'room:2', 'say', { text: 'last' }]);
    await eventually(() => pushes.messages.length >= 2);
    assert.deepEqual(
      pushes.messages.map(([, payload]) => payload.toString()),
      ['{"text":"in-confidence"}', '{"text":"last"}'],
    );
    relayed.stop();
    pushes.stop();
  });

  it('tells a client at once when the process with its connection was killed', async () => {
    const client = await strayed(one!, two!);
    await client.join('room:3');
    await one!.kill();
    assert.equal((await client.post([null, '1', 'phoenix', 'heartbeat', {}])).status, 410);
    assert.equal((await client.poll()).status, 500);
    await one!.resume();
  });

  it('says goodbye to polls that wait elsewhere when the process with the connection stops', async () => {
    const client = await strayed(one!, two!);
    await client.join('room:4');
    const waiting = await handedOn(client);
    await one!.kill('SIGTERM');
    const { status, code } = await waiting.reply;
    assert.deepEqual([status, code], [500, 1012]);
    await one!.resume();
  });

  it('sends on a poll that waits in a process that stops, and loses nothing', async () => {
    const client = await strayed(one!, two!);
    await client.join('room:5');
    const waiting = await handedOn(client);
    await two!.kill('SIGTERM');
    const { status, token, headers } = await waiting.reply;
    assert.deepEqual([status, headers.get('connection')], [204, 'close']);
    await publish('room:5', 1);
    const onward = new PollClient(one!.url);
    onward.token = token;
    assert.deepEqual(numbers(await onward.take(1)), [1]);
    await two!.resume();
  });

  it('waits for a Redis that is away, then goes on', async () => {
    const client = await strayed(one!, two!);
    await client.join('room:6');
    await redis.kill();
    const waiting = client.poll();
    await redis.resume();
    const { status, messages } = await waiting;
    assert.ok([200, 204, 500].includes(status), String(status));
    if (status === 200) assert.match(messages[0] ?? '', /phx_error/);
    await Promise.all([one!.untilReady(), two!.untilReady()]);
    const joined = async (): Promise<string> => (await strayed(one!, two!)).join('room:6');
    await eventually(() => joined().catch(() => undefined), { timeoutMs: 10_000 });
  });
});
