import assert from 'node:assert/strict';
import {
  manifestFields,
  manifestJsonSchema,
  RESERVED_NAMES,
  type ManifestField,
} from '@plugmesh/shared/manifest';
import { referencePage, tableRows } from '../reference-tables.ts';

const page = referencePage('manifest.md');

function rowOf({ path, isRequired, default: initial, description = '–', values }: ManifestField): string[] {
  const shown = initial === undefined ? '–' : `\`${JSON.stringify(initial)}\``;
  const oneOf = values ? ` One of ${values.map((value) => `\`${value}\``).join(', ')}.` : '';
  return [`\`${path}\``, isRequired ? 'required' : shown, `${description}${oneOf}`];
}

describe('docs/reference/manifest.md', () => {
  it('lists every field with its default and meaning, and no other', () => {
    const isField = new Set(manifestFields().map(({ path }) => `\`${path}\``));
    const rows = tableRows(page).filter(([name = '']) => isField.has(name) || !name.startsWith('`/'));
    const expected = manifestFields().map(rowOf);
    const inOrder = (all: string[][]): string[] => all.map((cells) => cells.join(' | ')).sort();
    assert.deepEqual(inOrder(rows), inOrder(expected));
  });

  it('lists every reserved name', () => {
    for (const name of RESERVED_NAMES) assert.ok(page.includes(`\`${name}\``), name);
  });
});

describe('docs/reference/plugin.schema.json', () => {
  it('is what the schema of the source gives (see shared/src/manifest/print-json-schema.ts)', () => {
    assert.deepEqual(JSON.parse(referencePage('plugin.schema.json')), manifestJsonSchema());
  });
});
