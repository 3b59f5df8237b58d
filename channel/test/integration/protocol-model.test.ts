import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import fc from 'fast-check';
import { ChannelProcess, type BusRecord } from '../support/channel-process.ts';
import { ModelClient, type Step } from '../support/model-client.ts';
import { SocketModel } from '../support/protocol-model.ts';

const LIMITS = '[channel.limits]\njoins_per_second = 1000000\npushes_per_second = 1000000';
const TOPICS = ['room:a', 'room:b'];
const BOUNDS = { numRuns: 150, interruptAfterTimeLimit: 10_000, timeout: 10_000 };

/** What both clients do without waiting for answers, and how they part afterwards, if they do. */
interface Round {
  readonly steps: readonly (Step & { readonly client: 0 | 1 })[];
  readonly endings: readonly ('stay' | 'close' | 'cut' | 'cut unheard')[];
}

const step = fc.record({
  client: fc.constantFrom(0 as const, 1 as const),
  event: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('phx_join', 'phx_leave', 'say') },
    { weight: 1, arbitrary: fc.constantFrom('heartbeat', 'phx_reply', 'presence_diff') },
  ),
  topic: fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom(...TOPICS) },
    { weight: 1, arbitrary: fc.constantFrom('nobody', 'phoenix') },
  ),
  which: fc.oneof(
    { weight: 4, arbitrary: fc.constant('current' as const) },
    { weight: 1, arbitrary: fc.constantFrom('stale' as const, 'null' as const, 'never' as const) },
  ),
});
const ending = fc.oneof(
  { weight: 6, arbitrary: fc.constant('stay' as const) },
  { weight: 1, arbitrary: fc.constantFrom('close' as const, 'cut' as const, 'cut unheard' as const) },
);
const rounds = fc.array(
  fc.record({ steps: fc.array(step, { maxLength: 12 }), endings: fc.tuple(ending, ending) }),
  { minLength: 1, maxLength: 5 },
);

describe('any sequence of joins, leaves, pushes and closes', function () {
  this.timeout(60_000);
  let channel: ChannelProcess;
  let bus: BusRecord;
  let witness: ModelClient;
  let clients: ModelClient[] = [];
  const open = (hasNumbers: boolean): Promise<ModelClient> => {
    const model = new SocketModel((topic) => topic.startsWith('room:'));
    return ModelClient.open(channel.socketUrl, model, hasNumbers);
  };

  /** The numbers of the pushes that have come over the bus since the last time. */
  async function pushesOnTheBus(): Promise<number[]> {
    await channel.bus.publish('from:room:mark:mark', '');
    const at = await eventually(() => bus.messages.findIndex(([name]) => name.endsWith(':mark')) + 1, {
      everyMs: 1,
    });
    const messages = bus.messages.splice(0, at);
    return messages
      .filter(([name]) => /:(say|heartbeat)$/.test(name))
      .map(([, payload]) => (JSON.parse(payload.toString()) as { n: number }).n);
  }

  async function broadcastToAll(): Promise<void> {
    for (const topic of TOPICS) await channel.bus.publish(`to:${topic}:tick`, '{}');
    await witness.receives(TOPICS.length);
    await Promise.all([witness, ...clients].map((client) => client.hears(TOPICS)));
  }

  async function play({ steps, endings }: Round): Promise<void> {
    for (const { client, ...rest } of steps) clients[client]?.send(rest);
    const expected = new Map<ModelClient, number[]>();
    for (const [at, client] of clients.entries()) {
      // Of one that is cut off at once nobody knows how much was read.
      if (endings[at] !== 'cut unheard') expected.set(client, await client.check());
    }
    const published = await pushesOnTheBus();
    for (const [client, own] of expected) {
      assert.deepEqual(
        published.filter((n) => client.isOwn(n)),
        own,
      );
    }
    for (const [at, how] of endings.entries()) {
      if (how === 'stay') continue;
      clients[at]?.close(how === 'close' ? 'close' : 'cut');
      clients[at] = await open(at === 1);
    }
    await broadcastToAll();
  }

  before(async () => {
    channel = await ChannelProcess.start(LIMITS);
    bus = await channel.listen('from:*');
  });
  after(async () => {
    bus.stop();
    await channel.stop();
  });

  it('is answered as the protocol says', async () => {
    await fc.assert(
      fc.asyncProperty(rounds, async (sequence) => {
        clients = [await open(false), await open(true)];
        witness = await open(false);
        for (const topic of TOPICS) witness.send({ event: 'phx_join', topic, which: 'current' });
        await witness.check();
        try {
          for (const round of sequence) await play(round);
        } finally {
          for (const client of [witness, ...clients]) client.close('cut');
        }
      }),
      BOUNDS,
    );
  });
});
