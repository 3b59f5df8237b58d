import assert from 'node:assert/strict';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createTestPlugin } from '@plugmesh/sdk/testing';
import { PLUGIN_STOP_MS } from '../../../src/processes/index.ts';
import { freePort, startProcess, type RunningProcess } from '../../../src/testing/index.ts';

const SERVERS = join(import.meta.dirname, '../fixtures/servers');

/** Asks for another protocol. Resolves to the answer, 101 or a refusal. */
async function upgrade(url: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = request(url, { headers: { connection: 'upgrade', upgrade: 'echo' } });
  asked.on('upgrade', resolve).on('response', resolve).on('error', reject).end();
  return promise;
}

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

describe('a server of one’s own that has upgraded a connection', () => {
  it('stops in time all the same', async () => {
    const port = await freePort();
    const env = { PORT: String(port) };
    const running = await startProcess(['node', 'node.ts'], { cwd: SERVERS, env, ready: /has started/ });
    const answer = await upgrade(`http://127.0.0.1:${port}`);
    assert.equal(answer.statusCode, 101);
    answer.socket.on('error', () => undefined);
    assert.deepEqual(await running.stop(PLUGIN_STOP_MS), { code: 0, signal: null });
  });
});

describe('a server of one’s own that listens already', () => {
  it('ends the process with the reason', async () => {
    const running = await startProcess(['node', 'listening.ts'], { cwd: SERVERS });
    assert.equal((await running.exited).code, 1);
    assert.match(running.output, /Listen method has been called more than once/);
  });
});

describe('a server of one’s own whose plugin is disabled', () => {
  it('hears neither of upgrades nor of bodies that wait for leave', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = { PORT: String(port) };
    const running = await startProcess(['node', 'broken.ts'], { cwd: SERVERS, env, ready: /has started/ });
    assert.equal((await upgrade(url)).statusCode, 503);
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    request(url, { method: 'POST', headers: { expect: '100-continue' } })
      .on('response', resolve)
      .end('x');
    assert.equal((await promise).statusCode, 503);
    await running.stop();
  });
});

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
