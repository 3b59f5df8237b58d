import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createTestPlugin } from '@plugmesh/sdk/testing';
import { freePort, startProcess, type RunningProcess } from '../../../src/testing/index.ts';

const SERVERS = join(import.meta.dirname, '../fixtures/servers');

for (const name of ['node', 'fastify', 'hono']) {
  describe(`a server of ${name} as a plugin`, () => {
    let url: string;
    let running: RunningProcess;

    before(async () => {
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      const env = { PORT: String(port) };
      running = await startProcess(['node', `${name}.ts`], { cwd: SERVERS, env, ready: /has started/ });
    });
    after(() => running.stop());

    it('listens where the mesh says, and answers what is its own', async () => {
      const get = await fetch(`${url}/a/b`);
      assert.deepEqual([get.status, await get.text()], [200, `${name} GET /a/b`]);
      const post = await fetch(`${url}/healthz`, { method: 'POST', body: 'x' });
      assert.deepEqual([post.status, await post.text()], [200, `${name} POST /healthz`]);
    });

    it('has the health route of every plugin', async () => {
      const health = await fetch(`${url}/healthz?now`);
      assert.deepEqual([health.status, await health.json()], [200, { state: 'ready' }]);
    });

    it('stops in order on SIGTERM, exit code 0', async () => {
      const slow = name === 'fastify' ? fetch(`${url}/slow`) : undefined;
      await fetch(url);
      const exit = running.kill('SIGTERM');
      if (slow) assert.equal(await (await slow).text(), 'fastify slow');
      assert.deepEqual(await exit, { code: 0, signal: null });
    });
  });
}

describe('a server of one’s own in a test', () => {
  it('is asked without a port, and its messages are seen', async () => {
    const plugin = await createTestPlugin(join(SERVERS, 'fastify.ts'));
    assert.equal(await (await plugin.request('/x', { body: { a: 1 } })).text(), 'fastify POST /x');
    assert.deepEqual(plugin.published, [{ topic: 'servers', event: 'asked', payload: { url: '/x' } }]);
    assert.equal(
      ((await (await plugin.request('/openapi.json')).json()) as { openapi: string }).openapi,
      '3.1.0',
    );
    await plugin.stop();
  });

  it('is not asked while the plugin is disabled', async () => {
    const plugin = await createTestPlugin(join(SERVERS, 'broken.ts'));
    const response = await plugin.request('/');
    assert.equal(response.status, 503);
    assert.equal(((await response.json()) as { code: string }).code, 'MESH_PLUGIN_UNAVAILABLE');
    assert.deepEqual(await (await plugin.request('/healthz')).json(), {
      state: 'disabled',
      reason: 'no database',
    });
    await plugin.stop();
  });
});
