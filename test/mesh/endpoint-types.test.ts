import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readPorts } from '@plugmesh/shared/processes';
import { eventually } from '@plugmesh/shared/testing';
import { TestMesh } from './support/test-mesh.ts';
import { plugin } from './support/plugins.ts';

const CONNECT = [{ kind: 'basic' }];

describe('a folder that holds a plugin.json alone', function () {
  this.timeout(90_000);
  let mesh: TestMesh;

  before(async () => {
    mesh = await TestMesh.create({
      plugins: {
        forge: { 'plugin.json': { name: 'forge', endpoints: [{ type: 'forge', connect: CONNECT }] } },
        ships: plugin('ships', "server((req, res) => res.end('ok'));", { dependsOn: ['forge'] }),
      },
    });
    await mesh.up();
  });
  after(() => mesh.remove());

  const token = (id: string): Record<string, string> => ({ authorization: `Bearer ${mesh.pluginToken(id)}` });
  const availability = async (): Promise<boolean | undefined> => {
    const answer = await fetch(`${mesh.origin}/mesh/endpoint-types`, { headers: token('ships') });
    const { types } = (await answer.json()) as { types: { type: string; available: boolean }[] };
    return types.find(({ type }) => type === 'forge')?.available;
  };

  it('is ready at once, and keeps nobody waiting who depends on it', async () => {
    await eventually(async () => (await mesh.plugin('ships'))?.state === 'ready', { timeoutMs: 20_000 });
    assert.deepEqual(
      [(await mesh.plugin('forge'))?.state, (await mesh.plugin('forge'))?.instances],
      ['ready', []],
    );
    const { code, stdout } = await mesh.run(['ps']);
    assert.equal(code, 0);
    assert.match(stdout, /^forge +ready +- +- +session +-$/m);
  });

  it('has no process, no port and no log', async () => {
    const names = (await mesh.runningProcesses()).map(({ name }) => name);
    assert.ok(names.includes('ships') && !names.includes('forge'), names.join());
    assert.deepEqual(readPorts(mesh.config).plugins['forge'], []);
    assert.match((await mesh.run(['logs', 'forge'])).stderr, /no log of 'forge'/);
  });

  it('provides its type to plugins, through the gateway; disabling takes it away and enabling brings it back', async () => {
    assert.equal(await availability(), true);
    assert.equal((await mesh.run(['disable', 'forge'])).code, 0);
    assert.equal(await availability(), false);
    assert.equal((await mesh.run(['enable', 'forge'])).code, 0);
    assert.equal(await availability(), true);
    assert.equal((await fetch(`${mesh.origin}/mesh/endpoint-types`)).status, 401);
  });

  it('serves nothing, and is asked for no description of an API', async () => {
    assert.equal((await fetch(`${mesh.origin}/api/forge/`)).status, 401);
    const described = await fetch(`${mesh.origin}/openapi.json`);
    const { 'x-plugmesh-plugins': states } = (await described.json()) as Record<string, unknown>;
    assert.match(JSON.stringify(states), /"forge"[^}]*"none"/);
  });

  it('has nothing to reload, and says where it is explained', async () => {
    const { code, stderr } = await mesh.run(['reload', 'forge']);
    assert.equal(code, 1);
    assert.match(stderr, /MESH_NOT_SUPPORTED.*'forge' has no code that could be reloaded/);
    const { stdout } = await mesh.run(['config', 'explain', 'forge']);
    assert.match(stdout, /plugins\.forge\.\(folder\)/);
    assert.doesNotMatch(stdout, /plugins\.forge\.\((run|port)\)/);
  });

  it('passes its check by its manifest, at every level', async () => {
    const folder = join(mesh.folder, 'services', 'forge');
    const { code, stdout } = await mesh.run(['check', folder, '--level', '3']);
    assert.equal(code, 0);
    assert.match(stdout, /^forge: the manifest is valid\nforge: it has no code/);
  });

  it('is no container', async () => {
    const { code, stdout, stderr } = await mesh.run(['compose']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ {2}ships:$/m);
    assert.doesNotMatch(stdout + stderr, /forge/);
  });

  it('is picked up and dropped while the mesh runs', async () => {
    await rm(join(mesh.folder, 'services', 'forge'), { recursive: true });
    await eventually(async () => (await availability()) === undefined);
  });
});
