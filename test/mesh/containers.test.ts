import assert from 'node:assert/strict';
import { appendFile, chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestMesh } from './support/test-mesh.ts';
import { plugin } from './support/plugins.ts';

describe('the commands for containers', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  let envFile: string;

  before(async () => {
    mesh = await TestMesh.create({ plugins: { ships: plugin('ships', '') } });
    envFile = join(mesh.config.root, '.env');
  });
  after(() => mesh.remove());

  it('write into .env what is missing, for nobody else to read', async () => {
    await writeFile(envFile, '# mine\nA=1\n');
    await chmod(envFile, 0o644);
    const { code, output } = await mesh.command('init');
    assert.equal(code, 0);
    assert.match(output, /\.env now sets PLUGMESH_SECRET, PLUGMESH_REDIS_PASSWORD, .*PLUGMESH_TOKEN_SHIPS, /);
    const text = await readFile(envFile, 'utf8');
    assert.match(
      text,
      /^# mine\nA=1\nPLUGMESH_SECRET=\S{43}\nPLUGMESH_REDIS_PASSWORD=\S{43}\nPLUGMESH_REDIS_HASH=[0-9a-f]{64}\n/,
    );
    assert.match(text, /\nPLUGMESH_TOKEN_SHIPS=ships\.\S+\nPLUGMESH_REDIS_PASSWORD_SHIPS=\S{43}\n$/);
    assert.equal((await stat(envFile)).mode & 0o777, 0o600);
    assert.ok(text.includes((await mesh.command('token', 'ships')).output.trim()), 'the mesh’s own token');
  });

  it('write nothing the second time', async () => {
    const before = await readFile(envFile, 'utf8');
    assert.match((await mesh.command('init')).output, /has all that containers need/);
    assert.equal(await readFile(envFile, 'utf8'), before);
  });

  it('print the file, without the secret that .env has', async () => {
    const { code, output } = await mesh.command('compose');
    assert.equal(code, 0);
    assert.match(output, /^ {2}ships:\n/m);
    assert.match(output, /PLUGMESH_TOKEN: \$\{PLUGMESH_TOKEN_SHIPS:\?run \.\/plugmesh init\}/);
    const [, secret = ''] = /^PLUGMESH_SECRET=(.*)$/m.exec(await readFile(envFile, 'utf8')) ?? [];
    assert.ok(secret !== '' && !output.includes(secret));
  });

  it('say what plugmesh.toml refers to and .env does not set, and fail for it', async () => {
    await appendFile(mesh.file, '\n[plugins.ships.config]\nkey = "${SHIPS_KEY}"\n');
    const { code, output } = await mesh.command('init');
    assert.equal(code, 1);
    assert.match(output, /MESH_CONFIG_UNSET_VARIABLE.*SHIPS_KEY/);
    await rm(envFile);
  });
});
