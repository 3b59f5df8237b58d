import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@plugmesh/shared/testing';
import type { Fault } from '../support/fault.ts';
import { secondsSince } from '../support/play.ts';

const SILENCED = 100;
const HEARTBEAT = { heartbeatMs: 3000 };

export const clientHalfOpen: Fault = {
  name: 'client-half-open',
  what: `for 60 s nothing passes to and from ${SILENCED} of 300 clients (idle limit 8 s, heartbeat 3 s)`,
  options: { clients: 200, processes: 1, settings: '[channel.limits]\nidle = "8s"', page: HEARTBEAT },
  async prepare(stage) {
    await stage.open(SILENCED, { ...HEARTBEAT, port: stage.clientRelay.port });
  },
  async cause(stage) {
    const beganAt = performance.now();
    stage.clientRelay.silence();
    const [closed, freed] = await Promise.all([
      when(async () => (await stage.metric('plugmesh_channel_closes_total', 'code="4408"')) >= SILENCED),
      when(async () => (await stage.metric('plugmesh_channel_sockets')) <= 200),
      delay(60_000),
    ]);
    stage.clientRelay.resume();
    return { secondsUntilClosedAsIdle: closed, secondsUntilFreed: freed };

    async function when(check: () => Promise<boolean>): Promise<number | null> {
      const held = eventually(check, { timeoutMs: 60_000, everyMs: 250 });
      return held.then(() => secondsSince(beganAt)).catch(() => null);
    }
  },
};
