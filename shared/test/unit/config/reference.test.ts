import assert from 'node:assert/strict';
import { PLUGIN_SETTINGS, SETTINGS } from '@plugmesh/shared/config';
import { referencePage, tableRows } from '../reference-tables.ts';

const page = referencePage('configuration.md');

describe('docs/reference/configuration.md', () => {
  it('lists every setting with its default and meaning, and no other', () => {
    const expected = Object.entries(SETTINGS).map(([key, { initial, meaning }]) => [
      `\`${key}\``,
      initial === undefined ? '–' : `\`${JSON.stringify(initial)}\``,
      meaning,
    ]);
    assert.deepEqual(tableRows(page, /^## `\[(core|gateway|channel|mesh)\]`/), expected);
  });

  it('lists every setting of a plugin, and no other', () => {
    const expected = Object.entries(PLUGIN_SETTINGS).map(([key, { meaning }]) => [`\`${key}\``, meaning]);
    assert.deepEqual(tableRows(page, /^## `\[plugins/), expected);
  });
});
