import assert from 'node:assert/strict';
import {
  BUILT_IN_KINDS,
  manifestFields,
  manifestJsonSchema,
  RESERVED_NAMES,
  type BuiltInKind,
  type ManifestField,
} from '@plugmesh/shared/manifest';
import { referencePage, tableRows } from '../reference-tables.ts';

const page = referencePage('manifest.md');

const isKind = ([name = '']: string[]): boolean => BUILT_IN_KINDS.has(name.replaceAll('`', ''));

function rowOf({ path, isRequired, default: initial, description = '–', values }: ManifestField): string[] {
  const shown = initial === undefined ? '–' : `\`${JSON.stringify(initial)}\``;
  const oneOf = values ? ` One of ${values.map((value) => `\`${value}\``).join(', ')}.` : '';
  return [`\`${path}\``, isRequired ? 'required' : shown, `${description}${oneOf}`];
}

function kindRow([kind, { fields, options }]: [string, BuiltInKind]): string[] {
  const names = fields.map(({ name, required }) => `\`${name}\`${required ? '' : '?'}`);
  const members = Object.keys(options).map((name) => `\`${name}\``);
  return [`\`${kind}\``, names.join(', ') || '–', members.join(', ') || '–'];
}

describe('docs/reference/manifest.md', () => {
  it('lists every field with its default and meaning, and no other', () => {
    const isField = new Set(manifestFields().map(({ path }) => `\`${path}\``));
    const rows = tableRows(page).filter(
      (row) => isField.has(row[0] ?? '') || !(row[0]?.startsWith('`/') || isKind(row)),
    );
    const expected = manifestFields().map(rowOf);
    const inOrder = (all: string[][]): string[] => all.map((cells) => cells.join(' | ')).sort();
    assert.deepEqual(inOrder(rows), inOrder(expected));
  });

  it('lists every built-in way to connect, with its fields and options', () => {
    assert.deepEqual(tableRows(page).filter(isKind), [...BUILT_IN_KINDS].map(kindRow));
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
