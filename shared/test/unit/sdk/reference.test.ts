import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/index.ts';
import { parseManifest } from '../../../src/manifest/index.ts';
import { loadSecrets } from '../../../src/identity/index.ts';
import { HOME, pluginProcesses } from '../../../src/processes/index.ts';
import { referencePage, tableRows } from '../reference-tables.ts';

const read = (file: string): string => readFileSync(join(HOME, file), 'utf8');

/** The members of an interface, as its file has them. */
function membersOf(file: string, name: string): string[] {
  const [, body = ''] =
    new RegExp(`export interface ${name}\\b[^]*?{\\n([^]*?)^}`, 'm').exec(read(file)) ?? [];
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(<]/gm)].map(([, member = '']) => member);
}

describe('docs/reference/sdk.md', () => {
  const page = referencePage('sdk.md');

  it('has every member of a definition', () => {
    const rows = tableRows(page, /^## `definePlugin\(definition/).map(
      ([member = '']) => /\w+/.exec(member)?.[0],
    );
    assert.deepEqual(rows, membersOf('shared/src/sdk/definition.ts', 'PluginDefinition'));
  });

  it('has every member of the context', () => {
    const rows = tableRows(page, /^## The context/).map(([member = '']) => /\w+/.exec(member)?.[0]);
    assert.deepEqual(rows, membersOf('shared/src/sdk/context.ts', 'PluginContext'));
  });
});

describe('docs/reference/environment.md', () => {
  it('has every variable of a plugin’s process', () => {
    const config = loadConfig({ file: join(HOME, 'plugmesh.toml'), env: {} });
    const manifest = parseManifest('{ "name": "ships", "run": ["ships"], "state": true }', 'plugin.json');
    const ports = { redis: 1, plugins: { ships: [2] }, next: {}, generations: {} };
    const secrets = loadSecrets({ secrets: ['a secret of this test'], stateDir: '' });
    const [process] = pluginProcesses(config, manifest, ports, secrets);
    const cells = tableRows(referencePage('environment.md')).map(([cell = '']) => cell);
    const told = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
    const given = Object.keys(process?.env ?? {});
    assert.deepEqual(
      given.filter((name) => !told.includes(name)),
      [],
    );
    const ordinary = ['HOME', 'LANG', 'TZ', 'NODE_COMPILE_CACHE'];
    assert.deepEqual(
      told.filter((name) => !given.includes(name) && !ordinary.includes(name)),
      [],
    );
  });
});
