import type { Fault } from '../support/fault.ts';
import { lobbyAfterwards } from '../support/lobby.ts';

export const presenceChannelKilled: Fault = {
  name: 'presence-channel-killed',
  what: 'presence: one of two channel processes is killed (-9), 100 members',
  options: { clients: 100, page: { presence: true } },
  async cause({ channels }): Promise<undefined> {
    await channels.replace(channels.pids[0] ?? 0, 'SIGKILL');
  },
  afterwards: lobbyAfterwards,
};
