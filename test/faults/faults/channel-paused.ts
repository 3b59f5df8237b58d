import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../support/fault.ts';

export const channelPaused: Fault = {
  name: 'channel-paused',
  what: 'one of two channel processes stands still for 20 s (SIGSTOP, SIGCONT), as in a virtual machine that is moved',
  async cause({ channels }): Promise<undefined> {
    const [pid = 0] = channels.pids;
    channels.signal(pid, 'SIGSTOP');
    await delay(20_000).finally(() => channels.signal(pid, 'SIGCONT'));
  },
};
