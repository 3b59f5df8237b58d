import assert from 'node:assert/strict';
import { CHECKS } from '@plugmesh/shared/conformance';
import { referencePage, tableRows } from '../reference-tables.ts';

describe('docs/reference/conformance.md', () => {
  it('lists every check with its level, what a plugin does that passes, and what helps, and no other', () => {
    const expected = CHECKS.map(({ id, level, sentence, fix }) => [
      `\`${id}\``,
      String(level),
      sentence,
      fix,
    ]);
    assert.deepEqual(tableRows(referencePage('conformance.md'), /^## Checks/), expected);
  });
});

describe('the checks', () => {
  it('have names of their own, stand by level, and need only what stands before them', () => {
    const ids = CHECKS.map(({ id }) => id);
    assert.deepEqual([...new Set(ids)], ids);
    const levels = CHECKS.map(({ level }) => level);
    assert.deepEqual(levels, levels.toSorted());
    for (const [at, { id, needs = [] }] of CHECKS.entries())
      for (const needed of needs)
        assert.ok(ids.indexOf(needed) < at && ids.includes(needed), `${id} needs ${needed}`);
  });
});
