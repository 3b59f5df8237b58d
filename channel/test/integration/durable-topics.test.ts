import assert from 'node:assert/strict';
import { parseEventId } from '@plugmesh/shared/history';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess, historyStream } from '../support/channel-process.ts';
import { RawClient, type Answer } from '../support/raw-client.ts';

describe('a durable topic', function () {
  this.timeout(60_000);
  let channel: ChannelProcess;
  const clients: RawClient[] = [];

  const open = async (): Promise<RawClient> => {
    const client = await RawClient.open(channel.socketUrl);
    clients.push(client);
    return client;
  };
  /** Joins and answers the reply's fields, less the id. */
  const join = async (client: RawClient, topic: string, since?: unknown): Promise<object> => {
    client.send(['j', 'r', topic, 'phx_join', since === undefined ? {} : { since }]);
    const reply: Answer = await client.answer();
    assert.equal(reply[4].status, 'ok', JSON.stringify(reply));
    const { id, ...fields } = reply[4].response;
    assert.ok(id);
    assert.equal(((await client.next()) as unknown[])[3], 'presence_state');
    return fields;
  };
  const numbersOf = (frames: readonly unknown[]): number[] =>
    frames.map((frame) => (frame as [0, 0, 0, 0, { n: number }])[4].n);
  const publish = async (topic: string, from: number, to: number): Promise<string[]> => {
    const all = Array.from({ length: to - from + 1 }, (_, at) => from + at);
    return Promise.all(all.map((n) => channel.publishDurable(topic, { n })));
  };
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, at) => from + at);

  before(async () => void (channel = await ChannelProcess.start()));
  after(() => channel.stop());
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  it('delivers like any other, with the id, and names the newest one in the join reply', async () => {
    const client = await open();
    assert.deepEqual(await join(client, 'log:1'), {});
    const _id = await channel.publishDurable('log:1', { n: 1 });
    assert.deepEqual(await client.next(), [null, null, 'log:1', 'tick', { n: 1, _id }]);
    assert.deepEqual(await join(await open(), 'log:1'), { _id });
    await channel.bus.publish('to:log:1:plain', '{}');
    assert.deepEqual(await client.next(), [null, null, 'log:1', 'plain', {}]);
  });

  it('sends what was missed, in order and once, and then what comes', async () => {
    const ids = await publish('log:2', 1, 500);
    const client = await open();
    assert.deepEqual(await join(client, 'log:2', ids[99]), { recovered: true, events: 400 });
    await publish('log:2', 501, 510);
    assert.deepEqual(numbersOf(await client.take(410)), range(101, 510));
    assert.deepEqual(await join(await open(), 'log:2', ids[499]), { recovered: true, events: 10 });
  });

  it('loses and repeats nothing when it is published to while clients join', async () => {
    const [first] = await publish('log:3', 1, 1);
    const joining = new AbortController();
    let last = 1;
    const publishing = (async (): Promise<void> => {
      while (!joining.signal.aborted) {
        await publish('log:3', last + 1, ++last);
      }
    })();
    const joined: RawClient[] = [];
    for (let count = 0; count < 40; count++) {
      const client = await open();
      const { recovered } = (await join(client, 'log:3', first)) as { recovered: boolean };
      assert.equal(recovered, true);
      joined.push(client);
    }
    joining.abort();
    await publishing;
    for (const client of joined) {
      const events = await eventually(() => {
        const ticks = client.frames.filter((frame) => (frame as unknown[])[3] === 'tick');
        return numbersOf(ticks).at(-1) === last && ticks;
      });
      assert.deepEqual(numbersOf(events), range(2, last));
    }
  });

  it('says so when it cannot: trimmed, another epoch, no id at all, emptied', async () => {
    const ids = await publish('short:1', 1, 20);
    const newest = ids[19]!;
    const { epoch } = parseEventId(newest)!;
    assert.deepEqual(await join(await open(), 'short:1', ids[9]), { recovered: true, events: 10 });
    for (const since of [ids[8], `${epoch}-21`, '1-5', 'x', 7]) {
      const client = await open();
      assert.deepEqual(
        await join(client, 'short:1', since),
        { recovered: false, _id: newest },
        String(since),
      );
      assert.deepEqual(await client.rest(), [], 'no partial set');
    }
    assert.deepEqual(await join(await open(), 'short:1', null), { _id: newest });
    await channel.bus.del(historyStream('short:1'));
    assert.deepEqual(await join(await open(), 'short:1', `${epoch}-21`), { recovered: false });
  });

  it('brings a client up to date that reads slowly, with more than may wait for it', async () => {
    const [first] = await publish('log:4', 1, 1);
    const filler = 'x'.repeat(10_000);
    await Promise.all(range(2, 1000).map((n) => channel.publishDurable('log:4', { n, filler })));
    const client = await open();
    client.webSocket.pause();
    client.send(['j', 'r', 'log:4', 'phx_join', { since: first }]);
    await channel.publishDurable('log:4', { n: 1001 });
    client.webSocket.resume();
    const frames = await client.take(1002);
    assert.deepEqual(numbersOf(frames.slice(2)), range(2, 1001));
    assert.equal(client.closeCode, undefined);
  });

  it('recovers several topics of one socket', async () => {
    const [a] = await publish('log:5', 1, 3);
    const [b] = await publish('log:6', 1, 4);
    const client = await open();
    assert.deepEqual(await join(client, 'log:5', a), { recovered: true, events: 2 });
    assert.deepEqual(numbersOf(await client.take(2)), [2, 3]);
    assert.deepEqual(await join(client, 'log:6', b), { recovered: true, events: 3 });
    assert.deepEqual(numbersOf(await client.take(3)), [2, 3, 4]);
  });

  it('fills a gap from the stream before it goes on', async () => {
    const client = await open();
    await join(client, 'log:7');
    await publish('log:7', 1, 2);
    await Promise.all(range(3, 300).map((n) => channel.publishUnheard('log:7', { n })));
    await publish('log:7', 301, 302);
    assert.deepEqual(numbersOf(await client.take(302)), range(1, 302));
  });

  it('finds within seconds that the last message was lost', async () => {
    const client = await open();
    await join(client, 'log:8');
    await channel.publishUnheard('log:8', { n: 1 });
    await eventually(() => client.frames.length === 3, { timeoutMs: 8000 });
    assert.deepEqual(numbersOf(await client.take(1)), [1]);
  });

  it('keeps its members when the connection of the bus is cut, and brings what they missed', async () => {
    const client = await open();
    await join(client, 'log:9');
    await client.join('room:1', 'plain');
    await publish('log:9', 1, 10);
    await channel.bus.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await publish('log:9', 11, 20);
    await eventually(() => client.frames.filter((frame) => (frame as unknown[])[3] === 'tick').length >= 20);
    const events = client.frames.slice(4).map((frame) => (frame as unknown[])[3]);
    assert.deepEqual(
      numbersOf(client.frames.filter((frame) => (frame as unknown[])[3] === 'tick')),
      range(1, 20),
    );
    assert.deepEqual(events.filter((event) => event === 'phx_error').length, 1, 'the plain topic rejoins');
  });

  it('tells its members when Redis came back without what they had', async () => {
    const client = await open();
    await join(client, 'log:10');
    const [id] = await publish('log:10', 1, 1);
    await client.next();
    await channel.bus.flushall();
    await channel.redis.kill();
    await channel.redis.resume();
    const frame = (await eventually(() => client.frames[3], { timeoutMs: 10_000 })) as unknown[];
    assert.deepEqual(frame.slice(2, 4), ['log:10', 'phx_error']);
    await channel.untilReady();
    await client.next();
    assert.deepEqual(await join(client, 'log:10', id), { recovered: false });
  });
});
