import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { ModelClient, type Step } from '../support/model-client.ts';
import { SocketModel } from '../support/protocol-model.ts';
import { RawClient } from '../support/raw-client.ts';

const LIMITS = '[channel.limits]\njoins_per_second = 1000000\npushes_per_second = 1000000';
const CLIENTS = 20;
const CHUNKS = 10;
const ROUNDS = 25;

/** Two joins, one overtaken by a leave, and one that a late leave must not end. */
const RACE: readonly Pick<Step, 'event' | 'which'>[] = [
  { event: 'phx_join', which: 'current' },
  { event: 'phx_leave', which: 'current' },
  { event: 'phx_join', which: 'current' },
  { event: 'phx_leave', which: 'stale' },
  { event: 'say', which: 'current' },
];

describe('churn', function () {
  this.timeout(60_000);
  let channel: ChannelProcess;

  before(async () => void (channel = await ChannelProcess.start(LIMITS)));
  after(() => channel.stop());

  /** Everything that Redis holds for the process. */
  async function heldInRedis(): Promise<object> {
    const clients = String(await channel.bus.call('CLIENT', 'LIST'));
    const patterns = await channel.bus.call('PUBSUB', 'NUMPAT');
    const channels = (await channel.bus.call('PUBSUB', 'CHANNELS')) as string[];
    const keys = await channel.bus.keys('*');
    return {
      clients: clients.trim().split('\n').length,
      patterns,
      channels: channels.toSorted(),
      // A process that had members keeps its lease for as long as it runs.
      keys: keys.filter((key) => !key.startsWith('plugmesh:presence:node')).toSorted(),
    };
  }

  /** Everybody whom the processes say is present: what a lease holds beside its own number. */
  async function present(): Promise<string[]> {
    const leases = await channel.bus.keys('plugmesh:presence:node:*');
    const members = await Promise.all(leases.map((lease) => channel.bus.hkeys(lease)));
    return members.flat().filter((field) => field !== '#');
  }

  async function gauges(): Promise<Record<string, number>> {
    const lines = [
      ...(await channel.metrics()).matchAll(/^plugmesh_channel_(sockets|topics|queue_bytes) (.*)$/gm),
    ];
    return Object.fromEntries(lines.map(([, name = '', value]) => [name, Number(value)]));
  }

  /** A client on a plain or a durable topic: a join of that one waits for Redis, and a leave comes in between. */
  const open = async (at: number): Promise<{ client: ModelClient; topic: string }> => {
    const client = await ModelClient.open(channel.socketUrl, new SocketModel(() => true), at % 3 === 0);
    return { client, topic: at % 2 === 0 ? 'room:race' : 'log:race' };
  };

  it('of 10,000 joins and leaves that overtake each other ends with what was asked last, and leaves nothing', async () => {
    const before = await heldInRedis();
    const racers = await Promise.all(Array.from({ length: CLIENTS }, (_, at) => open(at)));
    await Promise.all(
      racers.map(async ({ client, topic }) => {
        for (let chunk = 0; chunk < CHUNKS; chunk++) {
          for (let round = 0; round < ROUNDS; round++)
            for (const step of RACE) client.send({ ...step, topic });
          assert.equal((await client.check()).length, ROUNDS);
        }
      }),
    );
    for (const topic of ['room:race', 'log:race']) await channel.bus.publish(`to:${topic}:tick`, '{}');
    await Promise.all(racers.map(({ client }) => client.receives(1)));
    await Promise.all(racers.map(({ client, topic }) => client.hears([topic])));
    for (const [at, { client }] of racers.entries()) client.close(at % 4 < 2 ? 'close' : 'cut');
    await eventually(async () => {
      assert.deepEqual(await gauges(), { sockets: 0, topics: 0, queue_bytes: 0 });
      return true;
    });
    assert.deepEqual(await heldInRedis(), before);
  });

  it('of presences leaves nobody behind', async () => {
    const before = await heldInRedis();
    const clients = await Promise.all(Array.from({ length: 5 }, () => RawClient.open(channel.socketUrl)));
    for (const client of clients) {
      for (let n = 0; n < 200; n++)
        client.send([`${n}`, `${n}`, 'lobby', 'phx_join', {}], [`${n}`, `${n}l`, 'lobby', 'phx_leave', {}]);
    }
    await Promise.all(clients.map((client) => client.rest()));
    const last = await RawClient.open(channel.socketUrl);
    last.send(['1', '1', 'lobby', 'phx_join', {}]);
    const [, state] = (await last.take(2)) as unknown as unknown[][];
    assert.equal(Object.keys(state?.[4] as object).length, 1, 'only itself');
    for (const client of [...clients, last]) client.close();
    await eventually(async () => {
      assert.deepEqual(await gauges(), { sockets: 0, topics: 0, queue_bytes: 0 });
      assert.deepEqual(await present(), []);
      return true;
    });
    assert.deepEqual(await heldInRedis(), before);
  });
});
