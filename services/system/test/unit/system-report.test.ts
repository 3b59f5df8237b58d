import assert from 'node:assert/strict';
import { formatUptime, nodeUpdates, systemReport } from '../../src/system-report.ts';

describe('system report', () => {
  for (const [seconds, text] of [
    [5, '0:00:05'],
    [3725, '1:02:05'],
    [90_061, '1 day, 1:01:01'],
    [172_800, '2 days, 0:00:00'],
  ] as const) {
    it(`writes an uptime of ${seconds} s as ${text}`, () => assert.equal(formatUptime(seconds), text));
  }

  it('has one update for each element of the page', () => {
    const updates = nodeUpdates(systemReport(12.5), new Date('2026-01-02T03:04:05Z'));
    assert.deepEqual(
      updates.map(({ el }) => el),
      ['uptime', 'info_utc', 'cpu_load', 'ram_usage'],
    );
    assert.equal(updates[1]?.value, '2026-01-02T03:04:05.000Z');
    assert.equal(updates[2]?.value, '12.5%');
  });
});
