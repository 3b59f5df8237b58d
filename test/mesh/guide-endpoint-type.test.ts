import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, symlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@plugmesh/shared/testing';
import { Guide } from './support/guide.ts';
import { TestMesh } from './support/test-mesh.ts';

const ROOT = join(import.meta.dirname, '../..');

/** An external system as the template expects one. */
function createTickets(): Server {
  return createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const isKnown = body.includes('sesame') || request.headers.authorization === 'Bearer t-1';
      const isOpen = request.url === '/api/version';
      response.writeHead(isKnown || isOpen ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isOpen ? { version: '1.2' } : { token: 't-1', user: 'ada' }));
    });
  });
}

describe('the guide to adding an endpoint type', function () {
  this.timeout(120_000);
  const system = createTickets();
  let mesh: TestMesh;
  let guide: Guide;
  let key: string;

  before(async () => {
    const toml = ['accounts', 'endpoints']
      .map((id) => `[plugins.${id}]\nfolder = "${join(ROOT, 'services', id)}"\n`)
      .concat('[plugins.endpoints.config]\nallowed_networks = ["loopback"]\n');
    mesh = await TestMesh.create({ toml: toml.join('') });
    // A reader works in the repository; this folder stands for it.
    await symlink(join(ROOT, 'node_modules'), join(mesh.folder, 'node_modules'));
    await once(system.listen(0, '127.0.0.1'), 'listening');
    await mesh.up();
    for (const id of ['accounts', 'endpoints']) await mesh.untilState(id, 'ready');
    key = (
      await mesh.run(['key', 'create', 'admin', '--guard', 'session', '--guard', 'admin'])
    ).stdout.trim();
    const { port } = system.address() as AddressInfo;
    const options = { mesh, instead: { '8899': String(port) } };
    guide = new Guide('docs/guides/endpoint-type.md', options);
  });
  after(async () => {
    system.close();
    await mesh.remove();
  });

  const ask = async (method: string, path: string, body?: object) => {
    const init = { method, headers: { 'x-api-key': key, 'content-type': 'application/json' } };
    const url = `${mesh.origin}/api/endpoints/v1/${path}`;
    const response = await fetch(url, body ? { ...init, body: JSON.stringify(body) } : init);
    const text = await response.text();
    assert.ok(response.ok, text);
    return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  };

  it('writes a plugin whose test passes, and whose type is listed', async () => {
    await guide.run('write');
    await mesh.untilState('tickets', 'ready', 60_000);
    const manifest = await readFile(join(mesh.folder, 'services/tickets/plugin.json'), 'utf8');
    const shown = JSON.parse(guide.text('the type in services/tickets/plugin.json')) as object;
    assert.deepEqual((JSON.parse(manifest) as { endpoints: object[] }).endpoints, [shown]);
    await guide.run('test');
    await guide.runFor('a key', 'KEY');
    const { types } = JSON.parse(await guide.run('look')) as {
      types: { type: string; available: boolean }[];
    };
    assert.ok(types.some(({ type, available }) => type === 'tickets' && available));
  });

  it('connects to a system of that type, and calls it', async () => {
    const url = `http://127.0.0.1:${(system.address() as AddressInfo).port}`;
    const { guid } = await ask('POST', 'endpoints', { type: 'tickets', name: 'Tickets', url });
    const credentials = { user: 'ada', password: 'sesame' };
    const connected = await ask('POST', `endpoints/${String(guid)}/connection`, {
      kind: 'login',
      credentials,
    });
    assert.equal(connected['user'], 'ada');
    assert.equal((await ask('GET', `proxy/${String(guid)}/api/me`))['user'], 'ada');
    await ask('DELETE', `endpoints/${String(guid)}`);
  });

  it('hears what becomes of endpoints, and adds to what is seen of them', async () => {
    await guide.write('services/watch/main.mjs');
    await guide.write('services/watch/plugin.json');
    await mesh.untilState('watch', 'ready');
    await eventually(() => guide.run('register'), { timeoutMs: 10_000 });
    const heard = JSON.parse(guide.text('heard')) as string[];
    await eventually(async () => {
      assert.deepEqual(JSON.parse(await guide.run('what it has heard')), heard);
      return true;
    });
    const { endpoints } = (await ask('GET', 'endpoints')) as { endpoints: { metadata: object }[] };
    assert.deepEqual(endpoints[0]?.metadata, { watch: { secure: false } });
  });

  it('reaches endpoints in routes of its own', async () => {
    assert.deepEqual(JSON.parse(await guide.run('connect and ask')), JSON.parse(guide.text('its status')));
  });

  it('shows the templates as they are', () => guide.assertExcerpts());
  it('has no code block that nothing checks', () => guide.assertFollowed());
});
