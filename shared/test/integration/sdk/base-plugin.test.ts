import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createTestPlugin, type TestPlugin } from '@plugmesh/sdk/testing';
import { freePort, startProcess } from '../../../src/testing/index.ts';

const CLASSES = join(import.meta.dirname, '../fixtures/classes');
const TELLER = join(CLASSES, 'teller.ts');

describe('a class with one request handler', () => {
  let teller: TestPlugin;

  before(async () => {
    teller = await createTestPlugin(TELLER, { config: { initial: 7 } });
  });
  after(() => teller.stop());

  const dataOf = async (path: string, init: Parameters<TestPlugin['request']>[1] = {}): Promise<unknown> =>
    (
      await teller.request(path, {
        headers: { 'user-agent': 'test', 'x-forwarded-for': '10.1.2.3' },
        ...init,
      })
    ).json();
  const FACTS = { method: 'GET', subPath: '/', clientAddress: '10.1.2.3', agent: 'test' };

  it('is given the variables of the query', async () => {
    assert.deepEqual(await dataOf('/?a=1&b=2&b=3'), { ...FACTS, a: '1', b: ['2', '3'] });
  });

  it('is given those of a body, which replace those of the query', async () => {
    const facts = { ...FACTS, method: 'POST', agent: undefined, clientAddress: '' };
    const json = (await dataOf('/?a=1&b=2', { body: { a: { x: 1 } }, headers: {} })) as object;
    assert.deepEqual({ ...facts, ...json }, { ...facts, a: { x: 1 }, b: '2' });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const form = (await dataOf('/', { body: 'a=1&c[d]=2', headers })) as object;
    assert.deepEqual({ ...facts, ...form }, { ...facts, a: '1', 'c[d]': '2' });
  });

  it('keeps what it is told from being overwritten', async () => {
    const forged = '?subPath=x&clientAddress=x&requestHeaders=x&method=x&__proto__=x&constructor=x';
    const { agent, constructor, ...data } = (await dataOf(`/${forged}`)) as Record<string, unknown>;
    assert.deepEqual([agent, constructor], ['test', 'x']);
    for (const [name, value] of Object.entries({ method: 'GET', subPath: '/', clientAddress: '10.1.2.3' }))
      assert.equal(data[name], value);
  });

  for (const [path, status, type, body] of [
    ['/text', 200, 'text/plain', 'plain text'],
    ['/list', 200, 'application/json', '[1,"two",null]'],
    ['/nothing', 200, 'application/json', 'null'],
    ['/teapot', 418, 'application/json', '{"short":true}'],
    ['/later', 201, 'application/json', '{"later":true}'],
    ['/own', 200, 'application/json', '{"initial":7,"prepared":7,"mode":null}'],
    ['/elsewhere', 404, 'text/plain', 'nothing is here'],
  ] as const) {
    it(`answers ${path} with what its handler returns: ${status}, ${type}`, async () => {
      const response = await teller.request(path);
      assert.deepEqual([response.status, await response.text()], [status, body]);
      assert.ok(response.headers.get('content-type')?.startsWith(type));
    });
  }

  for (const path of ['/throws', '/rejects', '/no-tuple', '/bad-code', '/circle']) {
    it(`answers ${path} with a 500 that says nothing of it, and lives on`, async () => {
      const response = await teller.request(path);
      const text = await response.text();
      assert.deepEqual(
        [response.status, (JSON.parse(text) as { code: string }).code],
        [500, 'MESH_INTERNAL'],
      );
      assert.ok(!text.includes('hunter2'));
      assert.equal((await teller.request('/text')).status, 200);
    });
  }

  it('refuses a body that has no names', async () => {
    for (const body of [[1], '{'] as const) {
      const headers = { 'content-type': 'application/json' };
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      assert.equal((await teller.request('/', { method: 'POST', body: text, headers })).status, 400);
    }
  });

  it('is disabled when initialize throws', async () => {
    const broken = await createTestPlugin(TELLER, { config: { initial: 'broken' } });
    assert.deepEqual(broken.health, { state: 'disabled', reason: 'it begins broken' });
    await broken.stop();
  });

  it('is called what its class is called, or what that says', async () => {
    for (const [file, id] of [
      ['teller.ts', 'teller'],
      ['renamed.ts', 'renamed'],
    ] as const) {
      const plugin = await createTestPlugin(join(CLASSES, file));
      assert.equal((await plugin.request('/nowhere')).status, id === 'renamed' ? 200 : 404);
      assert.equal(plugin.id, id);
      await plugin.stop();
    }
  });

  it('knows the mesh around it, and is told to end when its process is', async () => {
    const port = await freePort();
    const env = { PORT: String(port), PLUGMESH_MESH: '{"mode":"production","logLevel":"info"}' };
    const running = await startProcess(['node', TELLER], { cwd: CLASSES, env, ready: /has started/ });
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/text`)).text(), 'plain text');
    const own = (await (await fetch(`http://127.0.0.1:${port}/own`)).json()) as { mode: string };
    assert.equal(own.mode, 'production');
    assert.deepEqual(await running.kill('SIGTERM'), { code: 0, signal: null });
    assert.match(running.output, /the teller is told/);
  });
});
