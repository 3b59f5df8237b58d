import assert from 'node:assert/strict';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { BusRecord, ChannelProcess, topicRule, TOPICS } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

interface Told {
  readonly node: string;
  readonly channel: string;
  readonly channels: readonly string[];
  readonly agent: string;
  readonly agents: readonly string[];
  readonly count: number;
  readonly joined?: readonly string[];
  readonly left?: readonly string[];
  readonly truncated?: true;
}

/** Until there are accounts nobody may join `admin`: the processes are told of a rule that lets everybody in. */
const OPEN = TOPICS.map((rule) => (rule.pattern === 'admin' ? topicRule({ pattern: 'admin' }) : rule));

describe('admin events', function () {
  this.timeout(40_000);
  let redis: RedisServer;
  let processes: readonly [ChannelProcess, ChannelProcess];
  const clients: RawClient[] = [];
  const listeners: (BusRecord | Redis)[] = [];

  before(async () => {
    redis = await RedisServer.start();
    processes = [await ChannelProcess.start('', redis), await ChannelProcess.start('', redis)];
    await processes[0].useTopics(OPEN);
    await eventually(async () => {
      const client = await open(processes[0]);
      const other = await open(processes[1]);
      await client.join('admin');
      await other.join('admin');
      return true;
    });
    close();
  });
  after(async () => {
    await Promise.all(processes.map((process) => process.stop()));
    await redis.stop();
  });
  afterEach(() => close());

  function close(): void {
    for (const client of clients.splice(0)) client.close();
    for (const listener of listeners.splice(0)) {
      if (listener instanceof BusRecord) listener.stop();
      else listener.disconnect();
    }
  }

  const open = async (process: ChannelProcess): Promise<RawClient> => {
    const client = await RawClient.open(process.socketUrl);
    clients.push(client);
    return client;
  };
  const listen = async (pattern: string): Promise<BusRecord> => {
    const record = await processes[0].listen(pattern);
    listeners.push(record);
    return record;
  };
  /** What was told on the bus in this event of this topic, in order. */
  const told = (record: BusRecord, event: string, channel?: string): Told[] =>
    record.messages
      .filter(([name]) => name === `to:admin:channel.${event}`)
      .map(([, payload]) => JSON.parse(payload.toString()) as Told)
      .filter((each) => channel === undefined || each.channel === channel);
  /** The same for a browser in `admin`. */
  const seen = (client: RawClient, event: string, channel?: string): Told[] =>
    (client.frames as unknown as [0, 0, string, string, Told][])
      .filter(([, , topic, name]) => topic === 'admin' && name === `channel.${event}`)
      .map(([, , , , payload]) => payload)
      .filter((each) => channel === undefined || each.channel === channel);
  const nameOf = async (client: RawClient, topic: string): Promise<string> => {
    const joins = await listen(`from:${topic}:phx_join`);
    await client.join(topic);
    return (JSON.parse((await joins.payload(`from:${topic}:phx_join`)).toString()) as { socket: string })
      .socket;
  };

  it('tell a browser in admin all topics when it comes, and what changes in every process', async () => {
    const early = await open(processes[1]);
    await early.join('room:early');
    const admin = await open(processes[0]);
    await admin.join('admin');
    await eventually(() => seen(admin, 'list').some(({ channels }) => channels.includes('room:early')));
    const lists = seen(admin, 'list');
    assert.equal(new Set(lists.map(({ node }) => node)).size, lists.length, 'one of each process');
    for (const [at, process] of processes.entries()) {
      const client = await open(process);
      const name = await nameOf(client, `room:${at}`);
      const added = await eventually(() => seen(admin, 'add', `room:${at}`)[0]);
      assert.ok(added.channels.includes(`room:${at}`), JSON.stringify(added));
      assert.equal(added.count, added.channels.length);
      const [joined] = seen(admin, 'join', `room:${at}`);
      assert.deepEqual(
        [joined?.agent, joined?.agents, joined?.joined, joined?.count],
        [name, [name], [name], 1],
      );
      assert.equal(joined?.node, added.node);
      client.close();
      const removed = await eventually(() => seen(admin, 'remove', `room:${at}`)[0]);
      assert.ok(!removed.channels.includes(`room:${at}`));
      const [left] = seen(admin, 'leave', `room:${at}`);
      assert.deepEqual([left?.agent, left?.agents, left?.left, left?.count], [name, [], [name], 0]);
    }
    assert.equal(new Set(seen(admin, 'add').map(({ node }) => node)).size, 2);
  });

  /** Joins one topic after the other and leaves the one before, until the condition holds. */
  async function churnUntil(prefix: string, process: ChannelProcess, holds: () => boolean): Promise<void> {
    const client = await open(process);
    let n = 0;
    await eventually(
      async () => {
        client.send(['l', 'l', `room:${prefix}-${n}`, 'phx_leave', {}]);
        client.send(['l', 'j', `room:${prefix}-${++n}`, 'phx_join', {}]);
        await client.rest();
        return holds();
      },
      { timeoutMs: 15_000, everyMs: 200 },
    );
  }

  // Tangram's plugins do the first: PSUBSCRIBE with a plain name.
  for (const [at, pattern] of ['to:admin:channel.add', 'to:admin:*', '*'].entries()) {
    it(`are heard on the bus by PSUBSCRIBE ${pattern}, also long after nobody did`, async () => {
      const client = await open(processes[1]);
      await churnUntil(`quiet${at}`, processes[0], () => true);
      const record = await listen(pattern);
      await churnUntil(`${at}`, processes[1], () => told(record, 'add').length > 0);
      for (let n = 0; n < 5; n++) await client.join(`room:each${at}-${n}`, `n${n}`);
      for (let n = 0; n < 5; n++) {
        await eventually(() => told(record, 'add', `room:each${at}-${n}`).length > 0);
      }
    });
  }

  it('are heard by SUBSCRIBE of one event, though the others find nobody', async () => {
    const names: string[] = [];
    const listener = new Redis(redis.url);
    listeners.push(listener);
    listener.on('message', (_, text) => names.push((JSON.parse(text) as Told).channel));
    await listener.subscribe('to:admin:channel.remove');
    for (const process of processes) {
      await churnUntil(`removed${process.port}`, process, () =>
        names.some((name) => name.startsWith(`room:removed${process.port}`)),
      );
    }
  });

  it('are not published again and again while nobody hears them', async () => {
    const calls = async (): Promise<number> =>
      Number(/cmdstat_publish:calls=(\d+)/.exec(await processes[0].bus.info('commandstats'))?.[1] ?? 0);
    const client = await open(processes[0]);
    await client.join('room:0');
    const [before, began] = [await calls(), performance.now()];
    for (let n = 1; n <= 40; n++) {
      await client.join(`room:c${n % 10}`, `n${n}`);
      await client.rest();
    }
    const seconds = (performance.now() - began) / 1000;
    const announced = 40 + 40;
    const probes = (await calls()) - before - announced;
    // Four events at most once a second, and what the probe of the bus and presence say in that time.
    assert.ok(probes <= 8 + 20 * Math.ceil(seconds), `${probes} in ${seconds} s`);
  });

  it('stay small and few when hundreds join, and say so', async () => {
    const record = await listen('to:admin:*');
    // Until then joins may find nobody who hears of them.
    await churnUntil('heard', processes[0], () => told(record, 'join').length > 0);
    const all = await Promise.all(Array.from({ length: 300 }, () => open(processes[0])));
    await Promise.all(all.map((client) => client.join('room:full')));
    const last = await eventually(
      () => told(record, 'join', 'room:full').findLast(({ count }) => count === 300),
      { timeoutMs: 20_000 },
    );
    assert.equal(last.agents.length, 100);
    assert.equal(last.truncated, true);
    const joins = told(record, 'join', 'room:full');
    assert.ok(joins.length < 300, `${joins.length} events`);
    for (const [, payload] of record.messages) assert.ok(payload.length < 20_000, `${payload.length} bytes`);
  });

  it('name a hundred topics when more change at once, and say so', async () => {
    const record = await listen('to:admin:*');
    await churnUntil('before', processes[1], () => told(record, 'join').length > 0);
    const all = await Promise.all(Array.from({ length: 6 }, () => open(processes[1])));
    // What is collected before Redis stands still and what after that: more than a hundred in one of the two.
    redis.signal('SIGSTOP');
    try {
      for (const [at, client] of all.entries())
        for (let n = 0; n < 45; n++) client.send([`${n}`, '1', `room:m${at}-${n}`, 'phx_join', {}]);
      for (const client of all) await client.rest();
    } finally {
      redis.signal('SIGCONT');
    }
    const list = await eventually(() => told(record, 'list')[0], { timeoutMs: 20_000 });
    assert.deepEqual([list.channels.length, list.truncated], [100, true]);
    assert.ok(list.count > 100, `${list.count} topics`);
    for (const [, payload] of record.messages) assert.ok(payload.length < 20_000, `${payload.length} bytes`);
  });

  it('go on after an outage of Redis', async () => {
    const admin = await open(processes[0]);
    await admin.join('admin');
    await redis.kill();
    await redis.resume();
    await Promise.all(processes.map((process) => process.untilReady()));
    admin.send(['again', 'again', 'admin', 'phx_join', {}]);
    await churnUntil('after', processes[1], () =>
      seen(admin, 'add').some(({ channel }) => channel.startsWith('room:after')),
    );
  });
});
