import assert from 'node:assert/strict';
import type { Fault } from '../support/fault.ts';

const LONGEST_SECONDS = 3;

export const channelDrained: Fault = {
  name: 'channel-drained',
  what: 'two channel processes are asked to stop (SIGTERM) one after the other, each replaced as pm2 does',
  async cause({ channels }): Promise<undefined> {
    await channels.replaceEach('SIGTERM');
  },
  afterwards({ pages }) {
    const codes = new Set(pages.flatMap(({ closeCodes }) => closeCodes));
    assert.deepEqual([...codes], [1012]);
    const longest = Math.max(...pages.map((page) => page.longestAbsenceMs)) / 1000;
    assert.ok(longest < LONGEST_SECONDS, `a client was away for ${longest} s`);
    return undefined;
  },
};
