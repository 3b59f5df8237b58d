import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../../../src/config/index.ts';
import { parseManifest } from '../../../src/manifest/index.ts';
import { loadSecrets } from '../../../src/identity/index.ts';
import { HOME, pluginProcesses } from '../../../src/processes/index.ts';
import { HOOK_MEMBERS } from '../../../src/sdk/endpoints/hooks.ts';
import { HOOK_SCHEMAS } from '../../../src/sdk/endpoints/schemas.ts';
import { referencePage, tableRows } from '../reference-tables.ts';

const read = (file: string): string => readFileSync(join(HOME, file), 'utf8');

/** The members of an interface, as its file has them. */
function membersOf(file: string, name: string): string[] {
  const [, body = ''] =
    new RegExp(`export interface ${name}\\b[^]*?{\\n([^]*?)^}`, 'm').exec(read(file)) ?? [];
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(<]/gm)].map(([, member = '']) => member);
}

/** The members of JSON as a cell writes it, `{token, user: {id}}`, in their order; what is below them is left out. */
function topMembers(cell: string): string[] {
  const [, inner = ''] = /`{(.*)}`/.exec(cell) ?? [];
  let flat = inner;
  while (/{[^{}]*}|\[[^[\]]*\]/.test(flat)) flat = flat.replace(/{[^{}]*}|\[[^[\]]*\]/, '');
  return flat.split(',').flatMap((member) => /^[\w]+/.exec(member.trim())?.[0] ?? []);
}

function schemaMembers(schema: z.ZodType): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
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

  it('has every hook of an endpoint type, and the callout that it answers', () => {
    const rows = tableRows(page, /^## Endpoint types/).map(([member = '', callout = '']) =>
      [member, callout].map((cell) => /[\w-]+/.exec(cell)?.[0]),
    );
    const hooks = membersOf('shared/src/sdk/endpoints/hooks.ts', 'EndpointHooks');
    assert.deepEqual(
      rows.map(([member]) => member),
      hooks,
    );
    const callouts = rows.flatMap(([member, callout]) => (callout === undefined ? [] : [[callout, member]]));
    assert.deepEqual(Object.fromEntries(callouts), HOOK_MEMBERS);
  });
});

describe('docs/reference/callouts.md', () => {
  const page = referencePage('callouts.md');

  it('has every hook, with the members of what it is asked with and answers', () => {
    const rows = tableRows(page, /^## Hooks/).filter((row) => row.length === 5);
    const told = rows.map(([hook = '', , request = '', answer = '']) => [
      hook.replaceAll('`', ''),
      { request: topMembers(request), answer: topMembers(answer) },
    ]);
    const known = Object.entries(HOOK_SCHEMAS).map(([hook, { request, answer }]) => [
      hook,
      { request: schemaMembers(request), answer: schemaMembers(answer) },
    ]);
    assert.deepEqual(Object.fromEntries(told), Object.fromEntries(known));
  });

  it('has every member of a token', () => {
    const rows = tableRows(page, /^## Hooks/).filter((row) => row.length === 2);
    const members = rows.map(([member = '']) => member.replaceAll('`', ''));
    assert.deepEqual(members, schemaMembers(HOOK_SCHEMAS.validate.request.shape.token));
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
