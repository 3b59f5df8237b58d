import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@plugmesh/shared/config';
import { parseManifest } from '@plugmesh/shared/manifest';
import { referencePage } from '../reference-tables.ts';

const ROOT = join(import.meta.dirname, '../../../..');

/** The code blocks of a page in one language. */
function blocks(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code = '']) => code,
  );
}

/** The lines that are commented out, as they would be without the mark. */
function uncommented(text: string, line: RegExp): string {
  return text.replaceAll(line, '$1');
}

describe('files that are shipped', () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plugmesh-shipped-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function load(name: string, text: string, env: NodeJS.ProcessEnv = {}): ReturnType<typeof loadConfig> {
    writeFileSync(join(folder, name), text);
    return loadConfig({ cwd: folder, env });
  }

  it('plugmesh.toml says development and enables everything', () => {
    const config = load('plugmesh.toml', readFileSync(join(ROOT, 'plugmesh.toml'), 'utf8'));
    assert.equal(config.mode, 'development');
    assert.deepEqual(config.plugins, ['*']);
  });

  it('plugmesh.toml stays right when its examples are switched on', () => {
    const text = readFileSync(join(ROOT, 'plugmesh.toml'), 'utf8');
    const config = load('plugmesh.toml', uncommented(text, /^# (\[.*\]|\w+ = .*)$/gm), { MY_API_KEY: 'k' });
    assert.equal(config.pluginSettings['my-plugin']?.guard, 'public');
    assert.equal(config.redisUrl, 'redis://127.0.0.1:6379');
  });

  it('.env.example stays right when its examples are switched on', () => {
    const text = readFileSync(join(ROOT, '.env.example'), 'utf8');
    const config = load('.env', uncommented(text, /^# ([A-Z_]+=.*)$/gm));
    assert.equal(config.gateway.port, 8080);
    assert.equal(config.pluginSettings['hello-python']?.guard, 'public');
  });

  it('examples in the reference are right', () => {
    const manifests = blocks(referencePage('manifest.md'), 'json');
    const files = blocks(referencePage('configuration.md'), 'toml');
    assert.ok(manifests.length > 0 && files.length > 0);
    for (const text of manifests) parseManifest(text, 'plugin.json');
    for (const text of files) load('plugmesh.toml', text);
  });
});
