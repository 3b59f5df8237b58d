import type { Fault } from '../support/fault.ts';

export const channelKilled: Fault = {
  name: 'channel-killed',
  what: 'two channel processes are killed (-9) one after the other, each replaced as pm2 does',
  async cause({ channels }): Promise<undefined> {
    await channels.replaceEach('SIGKILL');
  },
};
