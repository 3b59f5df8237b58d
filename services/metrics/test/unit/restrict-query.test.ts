import assert from 'node:assert/strict';
import { MeshError } from '@plugmesh/sdk';
import { restrictQuery } from '../../src/restrict-query.ts';

const LABELS = { job: 'mesh', instance: '127.0.0.1:2345' };
const DEMANDED = 'job="mesh",instance="127.0.0.1:2345"';

const RESTRICTED: readonly (readonly [string, string])[] = [
  ['up', `up{${DEMANDED}}`],
  ['{}', `{${DEMANDED}}`],
  ['up{ }', `up{${DEMANDED} }`],
  ['up{code="200"}', `up{${DEMANDED},code="200"}`],
  ['up{code="}{",}', `up{${DEMANDED},code="}{",}`],
  ['{__name__=~".+"}', `{${DEMANDED},__name__=~".+"}`],
  ['rate(a[5m]) / on(x) b offset 5m', `rate(a{${DEMANDED}}[5m]) / on(x) b{${DEMANDED}} offset 5m`],
  ['max_over_time(rate(a[1m])[10m:30s] @ 123)', `max_over_time(rate(a{${DEMANDED}}[1m])[10m:30s] @ 123)`],
  ['sum by (job) (a) or vector(1)', `sum by (job) (a{${DEMANDED}}) or vector(1)`],
  ["a{job='other'}", `a{${DEMANDED},job='other'}`],
  ['time() + 1', 'time() + 1'],
];

const REFUSED = [
  'up{',
  'up[',
  'a b',
  'sum(a',
  'up} or up{x="',
  'up # {',
  'up{a=`b`}',
  'up{a="\\"}',
  'up\n',
  'info(up)',
  'nothing(up)',
  'a'.repeat(5000),
];

describe('a restricted query', () => {
  for (const [query, restricted] of RESTRICTED)
    it(`demands the labels in every selector: ${query}`, () => {
      assert.equal(restrictQuery(query, LABELS), restricted);
    });

  for (const query of REFUSED)
    it(`is refused where it cannot be restricted for sure: ${JSON.stringify(query).slice(0, 40)}`, () => {
      assert.throws(() => restrictQuery(query, LABELS), isRefusal);
    });

  it('quotes what is in a label', () => {
    assert.equal(restrictQuery('up', { path: 'a"} or {b="\\' }), 'up{path="a\\"} or {b=\\"\\\\"}');
  });
});

function isRefusal(error: unknown): boolean {
  return error instanceof MeshError && error.code === 'MESH_BAD_REQUEST';
}
