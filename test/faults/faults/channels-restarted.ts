import type { Fault } from '../support/fault.ts';

const SLICE_MS = 100;

export const channelsRestarted: Fault = {
  name: 'channels-restarted',
  what: 'all channel processes are killed (-9) at once, with 1,200 sockets and 3,600 memberships',
  options: { clients: 1200, everyMs: 250 },
  async cause({ channels, pages }) {
    const beganAt = performance.now();
    for (const pid of channels.pids) channels.signal(pid, 'SIGKILL');
    await channels.untilReady();
    return {
      /** When the clients were back in their topics, in seconds from the beginning; looked up when all are. */
      get rejoins() {
        const moments = pages.flatMap(({ joins }) => joins.find((at) => at > beganAt) ?? []);
        return spreadOf(moments.map((at) => at - beganAt));
      },
    };
  },
};

function spreadOf(moments: readonly number[]): object {
  const slices = Object.values(Object.groupBy(moments, (at) => String(Math.floor(at / SLICE_MS))));
  return {
    clients: moments.length,
    firstSeconds: Math.min(...moments) / 1000,
    lastSeconds: Math.max(...moments) / 1000,
    mostIn100Ms: Math.max(...slices.map((slice) => slice?.length ?? 0)),
  };
}
