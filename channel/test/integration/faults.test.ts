import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { channelDrained } from '../../../test/faults/faults/channel-drained.ts';
import { channelKilled } from '../../../test/faults/faults/channel-killed.ts';
import type { Fault } from '../../../test/faults/support/fault.ts';
import { play, type Observation } from '../../../test/faults/support/play.ts';
import type { Stage } from '../../../test/faults/support/stage.ts';

const CLIENTS = 30;
/** Three on an idle machine, and rather a half. */
const LONGEST_ABSENCE_SECONDS = 10;

/** Small and short: `node test/faults/run.ts` plays all of them with hundreds of clients. */
async function observe(fault: Fault): Promise<Observation> {
  const seen = await play({ ...fault, options: { ...fault.options, clients: CLIENTS } });
  assert.deepEqual(seen.problems, [], JSON.stringify(seen));
  return seen;
}

/** Every client was told of its plain topic, and channel does not call itself ready. */
async function untilTold({ pages, channels }: Stage): Promise<void> {
  await eventually(() => pages.every(({ losses }) => losses.length > 0), { timeoutMs: 20_000 });
  assert.equal(await channels.areReady(), false);
}

describe('two channel processes, official clients and numbered events', function () {
  this.timeout(150_000);

  it('tell clients of a Redis that stands still, and lose no durable event', async () => {
    const seen = await observe({
      name: 'redis-paused',
      what: 'until all are told',
      async cause(stage): Promise<undefined> {
        stage.redis.signal('SIGSTOP');
        await untilTold(stage).finally(() => stage.redis.signal('SIGCONT'));
      },
    });
    assert.equal(seen.told, CLIENTS);
  });

  it('tell clients of a connection to Redis that is half open, and bring durable events afterwards', async () => {
    const seen = await observe({
      name: 'bus-half-open',
      what: 'until all are told',
      async cause(stage): Promise<undefined> {
        stage.busRelay.silence();
        await untilTold(stage);
        stage.busRelay.resume();
      },
    });
    assert.equal(seen.told, CLIENTS);
    assert.ok(seen.plain.lost > 0, 'the publisher reached Redis all the time');
  });

  it('lose no durable event when they are killed one after the other', async () => {
    await observe(channelKilled);
  });

  it('ask their clients to reconnect when they are stopped one after the other, and lose no durable event', async () => {
    const { name, what, cause } = channelDrained;
    const seen = await observe({ name, what, cause });
    assert.ok((seen.closeCodes['1012'] ?? 0) >= CLIENTS, JSON.stringify(seen.closeCodes));
    assert.ok(seen.secondsAway < LONGEST_ABSENCE_SECONDS, `a client was away for ${seen.secondsAway} s`);
  });
});
