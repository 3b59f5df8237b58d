import assert from 'node:assert/strict';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { ChannelProcess } from '../support/channel-process.ts';
import { RawClient } from '../support/raw-client.ts';

const PUBLISH = '/mesh/channel/publish';

describe('publishing by the server API, when things go wrong', function () {
  this.timeout(60_000);
  let redis: RedisServer;
  let channel: ChannelProcess;
  let client: RawClient;

  before(async () => {
    redis = await RedisServer.start();
    channel = await ChannelProcess.start('', redis);
  });
  after(async () => {
    await channel.stop();
    await redis.stop();
  });
  beforeEach(async () => void (client = await RawClient.open(channel.socketUrl)));
  afterEach(() => client.close());

  /** The numbers that the client was sent, until Redis has nothing more for it. */
  async function numbers(topic: string): Promise<number[]> {
    await channel.bus.publish(`to:${topic}:end`, '{}');
    const all = [];
    for (;;) {
      const [, , , event, payload] = (await client.next()) as [0, 0, string, string, { n: number }];
      if (event === 'end') return all.sort((a, b) => a - b);
      all.push(payload.n);
    }
  }

  for (const topic of ['room:1', 'log:1']) {
    it(`comes once to '${topic}' when the process is killed in between and callers try another one`, async () => {
      const other = await ChannelProcess.start('', redis);
      await client.join(topic);
      const publish = async (process: ChannelProcess, n: number): Promise<Response> =>
        process.operator(
          'POST',
          PUBLISH,
          { topic, event: 'tick', payload: { n } },
          {
            'idempotency-key': `${topic}-${n}`,
          },
        );
      const all = Array.from({ length: 300 }, (_, n) => n);
      let answered = 0;
      const outcomes = Promise.allSettled(all.map((n) => publish(other, n).then(() => answered++)));
      await eventually(() => answered > 20, { everyMs: 1 });
      await other.kill();
      const failed = (await outcomes).filter(({ status }) => status === 'rejected');
      assert.ok(failed.length > 0, 'the process was killed too late');
      for (const n of all) assert.equal((await publish(channel, n)).status, 200);
      assert.deepEqual(await numbers(topic), all);
      await other.stop();
    });
  }

  it('answers 503 when Redis hangs, does not try the rest of a batch, and publishes once what comes again', async () => {
    await client.join('room:2');
    const batch = {
      messages: [1, 2, 3].map((n) => ({
        topic: 'room:2',
        event: 'tick',
        payload: { n },
        idempotencyKey: `hung-${n}`,
      })),
    };
    const send = async (): Promise<string[]> => {
      const response = await channel.operator('POST', '/mesh/channel/batch', batch);
      const { results, code = '' } = (await response.json()) as {
        results?: { status: number; code?: string }[];
        code?: string;
      };
      return results?.map((each) => each.code ?? String(each.status)) ?? [code];
    };
    const pid = Number(/process_id:(\d+)/.exec(await channel.bus.info('server'))?.[1]);
    process.kill(pid, 'SIGSTOP');
    const began = performance.now();
    try {
      const received = await send();
      assert.deepEqual(new Set(received), new Set(['MESH_REDIS_UNAVAILABLE']));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    assert.ok(performance.now() - began < 14_000, 'one time-out, not one for each message');
    await channel.untilReady();
    client.close();
    client = await RawClient.open(channel.socketUrl);
    await client.join('room:2');
    for (let tries = 0; tries < 2; tries++) assert.deepEqual(await send(), ['200', '200', '200']);
    // The first may have been published behind the time-out, to the client that has gone.
    const seen = await numbers('room:2');
    assert.ok(['1,2,3', '2,3'].includes(seen.join()), seen.join());
  });
});
