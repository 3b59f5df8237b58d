import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSecrets, operatorToken, pluginToken } from '@plugmesh/shared/identity';
import { TestMesh } from './support/test-mesh.ts';
import { plugin } from './support/plugins.ts';

const REFERENCE = join(import.meta.dirname, '../../docs/reference/cli.md');

describe('the command line', function () {
  this.timeout(30_000);
  let mesh: TestMesh;

  before(async () => {
    mesh = await TestMesh.create({ plugins: { fine: plugin('fine', '') } });
  });
  after(() => mesh.remove());

  it('helps, with examples', async () => {
    const { code, output } = await mesh.command('help');
    assert.equal(code, 0);
    for (const name of ['up', 'down', 'ps', 'logs', 'check', 'test', 'enable', 'disable', 'token']) {
      assert.match(output, new RegExp(`^  ${name} `, 'm'));
    }
    assert.match((await mesh.command('logs', '--help')).output, /Examples:\n {2}\.\/plugmesh logs/);
  });

  it('answers 2 and the nearest name to a command that it does not have', async () => {
    const { code, output } = await mesh.command('upp');
    assert.equal(code, 2);
    assert.match(output, /MESH_USAGE.*'upp'[\s\S]*plugmesh up/);
  });

  it('checks a manifest', async () => {
    const { code, output } = await mesh.command('check', join(mesh.folder, 'services/fine'));
    assert.equal(code, 0, output);
    await mesh.addPlugin('bad', { 'plugin.json': '{ "name": "other", "rum": [] }' });
    const bad = await mesh.command('check', join(mesh.folder, 'services/bad'));
    assert.equal(bad.code, 1);
    assert.match(bad.output, /MESH_MANIFEST_UNKNOWN_FIELD[\s\S]*plugin\.json:1:\d+/);
  });

  it('prints the tokens that the mesh takes', async () => {
    const secrets = loadSecrets(mesh.config);
    assert.equal((await mesh.command('token')).output.trim(), operatorToken(secrets));
    assert.equal((await mesh.command('token', 'ships')).output.trim(), pluginToken(secrets, 'ships'));
  });

  it('is described in the reference, every command of it', async () => {
    const [reference = ''] = (await readFile(REFERENCE, 'utf8')).split('\n## ');
    const rows = [...reference.matchAll(/^\| `(\w+)[^|]*` +\| ([^|]+) \|/gm)].map(([, name, text]) => [
      name,
      text?.trim(),
    ]);
    const { output } = await mesh.command('help');
    const helped = [...output.matchAll(/^ {2}([a-z]+) {2,}(.+)$/gm)].map(([, name, text]) => [name, text]);
    assert.deepEqual(rows, helped);
  });
});
