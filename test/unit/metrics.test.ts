import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChannelMetrics } from '../../channel/src/metrics/channel-metrics.ts';
import { Metrics } from '../../gateway/src/own/metrics.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/metrics.md'), 'utf8');

const zero = (): number => 0;

/** Name, type and meaning of each metric in Prometheus' text format. */
function described(text: string): string[][] {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  return [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name = '', meaning = '']) => [
    name,
    types.get(name) ?? '',
    meaning,
  ]);
}

describe('docs/reference/metrics.md', () => {
  it('lists exactly the metrics of gateway and channel, with their meanings', async () => {
    const texts = await Promise.all([
      new Metrics({ pools: () => [], shedShare: zero }).text(),
      new ChannelMetrics({ sockets: zero, topics: zero, queue_bytes: zero, redis_lag_seconds: zero }).text(),
    ]);
    const rows = [...page.matchAll(/^\| `(\w+)` +\| (\w+) +\| .*? \| (.+?) +\|$/gm)].map(
      ([, ...cells]) => cells,
    );
    assert.deepEqual(rows, texts.flatMap(described));
  });
});
