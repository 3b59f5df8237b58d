import assert from 'node:assert/strict';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@plugmesh/shared/testing';
import { rawRequest } from '../../gateway/test/support/raw-request.ts';
import { Guide } from './support/guide.ts';
import { TestMesh } from './support/test-mesh.ts';

const ROOT = join(import.meta.dirname, '../..');
const SOON = { timeoutMs: 15_000 };

describe('the guide to serving files', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let guide: Guide;

  before(async () => {
    mesh = await TestMesh.create();
    guide = new Guide('docs/guides/serve-files.md', {
      mesh,
      instead: { '/srv/files': join(mesh.folder, 'private') },
    });
    // A reader works in the repository; this folder stands for it.
    await symlink(join(ROOT, 'node_modules'), join(mesh.folder, 'node_modules'));
    await cp(join(ROOT, 'services/files'), join(mesh.folder, 'services/files'), { recursive: true });
    await mesh.up();
    await mesh.untilState('files', 'ready');
  });
  after(() => mesh.remove());

  const get = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${mesh.origin}/api/${path}`, { redirect: 'manual', ...init });

  it('shows the sample page, in the sandbox of the gateway', async () => {
    assert.match(await guide.run('the sample'), /<h1>Files<\/h1>/);
    assert.equal((await get('files/')).headers.get('content-security-policy'), 'sandbox allow-scripts');
  });

  it('serves a second folder by a manifest of its own', async () => {
    await guide.write('services/manuals/public/index.html');
    await guide.write('services/manuals/plugin.json');
    await mesh.untilState('manuals', 'ready');
    assert.match(await eventually(() => guide.run('read a manual'), SOON), /Manuals/);
    assert.equal((await get('manuals/.plugmesh/openapi.json')).status, 200);
  });

  it('serves ranges, and folders under the prefix that the client sees', async () => {
    const folder = join(mesh.folder, 'services/manuals/public/engine');
    await mkdir(folder);
    await writeFile(join(folder, 'index.html'), 'engine');
    const part = await get('manuals/engine/index.html', { headers: { range: 'bytes=2-4' } });
    assert.deepEqual([part.status, await part.text()], [206, 'gin']);
    const { status, headers } = await get('manuals/engine?page=1');
    assert.deepEqual([status, headers.get('location')], [301, '/api/manuals/engine/?page=1']);
  });

  it('leads nowhere else, whatever the path looks like', async () => {
    for (const path of [
      '../plugin.json',
      '%2e%2e/plugin.json',
      '%252e%252e/plugin.json',
      '..%5cplugin.json',
    ]) {
      const request = `GET /api/manuals/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
      const { status, body } = await rawRequest(Number(new URL(mesh.origin).port), request);
      assert.ok([400, 404].includes(status), `${path}: ${status}`);
      assert.ok(!body.includes('main.ts'), body);
    }
  });

  it('serves the folder that plugmesh.toml names, to those whom it names', async () => {
    await mkdir(join(mesh.folder, 'private'));
    await writeFile(join(mesh.folder, 'private/index.html'), 'mine');
    await guide.configure('plugmesh.toml');
    await eventually(async () => (await guide.run('ask as nobody')) === '401', SOON);
    // A new setting is a new process.
    const isMine = async (): Promise<boolean> => {
      const [instance] = (await mesh.untilState('files', 'ready')).instances;
      return (await (await fetch(`${instance?.url}/`)).text()) === 'mine';
    };
    await eventually(() => isMine().catch(() => false), SOON);
  });

  it('has no code block that nothing checks', () => guide.assertFollowed());
});
