import assert from 'node:assert/strict';
import { matchTargets } from '../../src/match-targets.ts';

const SAME: readonly (readonly [string, string])[] = [
  ['http://a.example/metrics', 'http://a.example'],
  ['http://a.example:80/metrics', 'http://a.example/'],
  ['https://A.example/metrics?x=1', 'https://a.example:443'],
  ['http://a.example:9100/metrics', 'http://a.example:9100/'],
  ['http://a.example/one/metrics', 'http://a.example/one/'],
  ['http://[::1]:9100/metrics', 'http://[0:0:0:0:0:0:0:1]:9100'],
];
const OTHER: readonly (readonly [string, string])[] = [
  ['http://a.example/metrics', 'https://a.example'],
  ['http://a.example:9100/metrics', 'http://a.example'],
  ['http://a.example/one-more/metrics', 'http://a.example/one'],
  ['http://b.example/metrics', 'http://a.example'],
  ['not a URL', 'http://a.example'],
];

describe('targets of an endpoint', () => {
  const match = ([scrapeUrl, url]: readonly [string, string]) =>
    Object.keys(matchTargets([{ guid: 'it', url }], [{ scrapeUrl, labels: {} }]));

  for (const pair of SAME) it(`are found: ${pair.join(' of ')}`, () => assert.deepEqual(match(pair), ['it']));
  for (const pair of OTHER)
    it(`are not mixed up: ${pair.join(' of ')}`, () => assert.deepEqual(match(pair), []));

  it('are those of an exporter elsewhere that names the endpoint, and not what is where the exporter is', () => {
    const exporter = {
      scrapeUrl: 'http://b.example:9187/metrics',
      labels: { endpoint: 'http://a.example:80' },
    };
    const places = ['http://a.example/', 'http://b.example:9187'].map((url) => ({ guid: url, url }));
    assert.deepEqual(Object.keys(matchTargets(places, [exporter])), ['http://a.example/']);
  });
});
