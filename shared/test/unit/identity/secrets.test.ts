import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSecrets } from '../../../src/identity/index.ts';

describe('loadSecrets', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plugmesh-secret-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('makes a secret that only the owner can read, once', () => {
    const stateDir = join(folder, 'state');
    const first = loadSecrets({ secrets: [], stateDir });
    assert.equal(statSync(join(stateDir, 'secret')).mode & 0o777, 0o600);
    assert.ok(readFileSync(join(stateDir, 'secret'), 'utf8').trim().length >= 43);
    assert.deepEqual(loadSecrets({ secrets: [], stateDir }), first);
    assert.deepEqual(readdirSync(stateDir), ['secret'], 'nothing is left behind');
  });

  it('takes PLUGMESH_SECRET before the file, and one key per purpose', () => {
    const secrets = loadSecrets({ secrets: ['an outside secret, long'], stateDir: folder });
    assert.deepEqual(readdirSync(folder), []);
    const keys = Object.values(secrets[0]).map((key) => key.toString('hex'));
    assert.ok(keys.length > 1);
    assert.equal(new Set(keys).size, keys.length);
  });

  it('refuses a short secret and says how to make one', () => {
    assert.throws(() => loadSecrets({ secrets: ['short'], stateDir: folder }), {
      code: 'MESH_CONFIG_INVALID',
      fix: 'make one with: openssl rand -base64 32',
    });
    writeFileSync(join(folder, 'secret'), '\n');
    assert.throws(() => loadSecrets({ secrets: [], stateDir: folder }), { code: 'MESH_CONFIG_INVALID' });
  });

  it('closes a secret file that others could read', () => {
    loadSecrets({ secrets: [], stateDir: folder });
    chmodSync(join(folder, 'secret'), 0o644);
    loadSecrets({ secrets: [], stateDir: folder });
    assert.equal(statSync(join(folder, 'secret')).mode & 0o777, 0o600);
  });
});
