import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadConfig } from '@plugmesh/shared/config';
import { findManifests } from '@plugmesh/shared/manifest';

describe('findManifests', () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plugmesh-manifests-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  function find(): ReturnType<typeof findManifests> {
    return findManifests(loadConfig({ cwd: folder, env: {} }));
  }

  it('finds nothing where there are no services', () => assert.deepEqual(find(), []));

  it('reads the folders of services that have a manifest, in order', () => {
    for (const name of ['b', 'a']) write(`services/${name}/plugin.json`, `{"name": "${name}", "run": ["x"]}`);
    write('services/mesh/package.json', '{}');
    assert.deepEqual(
      find().map(({ id, file, manifest }) => [id, file, manifest?.folder]),
      ['a', 'b'].map((id) => [id, join(folder, 'services', id, 'plugin.json'), join(folder, 'services', id)]),
    );
  });

  it('goes on after a wrong manifest, whose problems name the file below the root', () => {
    write('services/a/plugin.json', '{');
    write('services/b/plugin.json', '{"name": "b", "run": ["x"]}');
    const [a, b] = find();
    assert.equal(a?.problems?.[0]?.position?.file, join('services', 'a', 'plugin.json'));
    assert.equal(a.manifest, undefined);
    assert.equal(b?.manifest?.name, 'b');
  });

  it('takes the folder that the configuration names before the one in services', () => {
    write('services/a/plugin.json', '{"name": "a", "run": ["services"]}');
    write('elsewhere/plugin.json', '{"name": "a", "run": ["elsewhere"]}');
    write('plugmesh.toml', '[plugins.a]\nfolder = "elsewhere"');
    assert.deepEqual(find()[0]?.manifest?.run, ['elsewhere']);
  });

  it('reports a configured folder without a manifest', () => {
    write('plugmesh.toml', '[plugins.a]\nfolder = "nowhere"');
    assert.match(
      find()[0]?.problems?.[0]?.message ?? '',
      /plugin 'a' has no manifest .* 'nowhere\/plugin\.json'/,
    );
  });
});
