import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '@plugmesh/shared/manifest';
import { missingRequirement } from '@plugmesh/shared/processes';
import { eventually } from '@plugmesh/shared/testing';
import { skipped } from './support/describe-with.ts';
import { TestMesh } from './support/test-mesh.ts';

const TEMPLATES = join(import.meta.dirname, '../../shared/src/scaffold/templates');
const SOON = { timeoutMs: 15_000 };

describe('a plugin that `plugmesh new` writes while the mesh runs', function () {
  this.timeout(90_000);
  let mesh: TestMesh;
  let started: TestMesh | undefined;

  before(async function () {
    const file = join(TEMPLATES, 'go/route/plugin.json');
    const missing = await missingRequirement(parseManifest(await readFile(file, 'utf8'), file));
    if (missing !== undefined) skipped(this, 'a new plugin in a mesh', missing);
    mesh = started = await TestMesh.create();
    await mesh.up();
  });
  after(() => started?.remove());

  const make = async (name: string, kind: string): Promise<void> => {
    const { code, output } = await mesh.command('new', name, '--lang', 'go', '--kind', kind);
    assert.equal(code, 0, output);
    await mesh.untilState(name, 'ready', 60_000);
  };
  const get = (path: string, headers = {}): Promise<Response> =>
    fetch(`${mesh.origin}/api/${path}`, { headers });

  it('starts by itself, is open where its manifest says so, and closed elsewhere', async () => {
    await make('ships', 'route');
    await eventually(async () => (await get('ships/')).status === 200, SOON);
    assert.deepEqual(await (await get('ships/')).json(), { hello: 'ships' });
    const forged = { 'X-Plugmesh-User': 'root' };
    for (const path of ['ships/v1/me', 'ships/openapi.json'])
      assert.equal((await get(path, forged)).status, 401, path);
    assert.doesNotMatch((await mesh.command('logs', 'mesh')).output, /MESH_MANIFEST/, 'never seen half');
  });

  it('is asked about requests to the others when it is middleware', async () => {
    await make('watch', 'middleware');
    const refuse = { 'X-Refuse-Me': '1' };
    await eventually(async () => (await get('ships/', refuse)).status === 403, SOON);
    assert.equal((await get('ships/')).status, 200);
  });

  it('cannot be made a second time', async () => {
    const { code, output } = await mesh.command('new', 'ships', '--lang', 'go');
    assert.equal(code, 1);
    assert.match(output, /MESH_NAME_TAKEN[^]*'ships-2' is free/);
  });
});
