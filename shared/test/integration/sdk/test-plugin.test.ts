import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createTestPlugin, testUser, type TestPlugin } from '@plugmesh/sdk/testing';
import { eventually } from '../../../src/testing/index.ts';
import type { Identity } from '../../../src/identity/index.ts';

const FILE = join(import.meta.dirname, '../fixtures/workshop/src/main.ts');
const ODD = join(import.meta.dirname, '../fixtures/odd');
const ADA = testUser('ada');
const ROOT = testUser('root', 'admin');
const plugin = (id: string): Identity => ({ kind: 'plugin', id });

const nameOf = (as?: Identity): string => (as && 'id' in as ? `${as.kind} ${as.id}` : 'nobody');

const json = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;

describe('a plugin in a test', () => {
  let workshop: TestPlugin;

  beforeEach(async () => {
    workshop = await createTestPlugin(FILE, { config: { start: 7 } });
  });
  afterEach(() => workshop.stop());

  it('serves what init and setup have made of its settings', async () => {
    const response = await workshop.request('/');
    assert.deepEqual([response.status, await json(response)], [200, { bench: [7] }]);
    assert.equal(workshop.health.state, 'ready');
  });

  it('is loaded anew each time', async () => {
    const other = await createTestPlugin(FILE);
    assert.equal((await workshop.request('/v1/admin/bench', { method: 'DELETE', as: ROOT })).status, 204);
    assert.deepEqual(await json(await workshop.request('/')), { bench: [] });
    assert.deepEqual(await json(await other.request('/')), { bench: [0] });
    await other.stop();
  });

  for (const [path, as, status] of [
    ['/v1/open', undefined, 200],
    ['/v1/me', undefined, 401],
    ['/v1/me', ADA, 200],
    ['/v1/me', ROOT, 200],
    ['/v1/me', plugin('captain'), 200],
    ['/v1/me', plugin('pirate'), 403],
    ['/v1/me', { kind: 'key', id: 'gateway' }, 403],
    ['/v1/nowhere', undefined, 401],
    ['/v1/nowhere', ADA, 404],
    ['/v1/admin/bench', undefined, 401],
    ['/v1/admin/bench', ADA, 403],
    ['/v1/admin/bench', ROOT, 404],
    ['/v1/admin/bench', plugin('captain'), 403],
    ['/v1/crew/nowhere', plugin('pirate'), 404],
    ['/v1/crew/nowhere', ROOT, 403],
    ['/V1/Crew/nowhere', ROOT, 403],
    ['/v1/crew/nowhere', undefined, 401],
    ['/V1/Admin/bench/', plugin('captain'), 403],
    ['/V1/Admin/bench/', ADA, 403],
    ['/V1/Me/', undefined, 401],
  ] as const) {
    it(`answers GET ${path} as ${nameOf(as)} with ${status}`, async () => {
      const response = await workshop.request(path, as ? { as } : {});
      assert.equal(response.status, status, await response.text());
    });
  }

  it('does not believe a token that somebody else has signed', async () => {
    const other = await createTestPlugin(FILE);
    const headers = { 'x-plugmesh-identity': 'eyJhbGciOiJFZERTQSJ9.e30.AAAA' };
    assert.equal((await other.request('/v1/me', { headers })).status, 401);
    await other.stop();
  });

  it('goes on with its state after a failure, when the clock has come to it', async () => {
    const counts = (): unknown[] => workshop.published.map(({ payload }) => payload);
    await workshop.clock.advance(2000);
    assert.deepEqual(counts(), [{ count: 1 }]);
    assert.deepEqual(workshop.health.services, { counting: { state: 'waiting', failures: 1 } });
    await workshop.clock.advance(2500);
    assert.deepEqual(counts(), [{ count: 1 }, { count: 3 }, { count: 4 }]);
    assert.deepEqual(workshop.health.services, { counting: { state: 'running', failures: 1 } });
  });

  it('handles the pushes that fit, and no others', async () => {
    for (const payload of [{ name: 'Ada' }, { name: 'much too long' }, {}, null, Buffer.from('{')])
      await workshop.push('workshop', 'greet', payload);
    assert.deepEqual(workshop.published, [{ topic: 'workshop', event: 'welcome', payload: { dear: 'Ada' } }]);
  });

  it('is asked as middleware', async () => {
    const passed = await workshop.request('/check', { as: ADA });
    assert.deepEqual([passed.status, passed.headers.get('x-tenant')], [204, 'ada']);
    const refused = await workshop.request('/check', { headers: { 'X-Forbidden': '1' } });
    assert.deepEqual([refused.status, await refused.text()], [403, 'not with that']);
  });

  it('holds settings against the manifest first', async () => {
    await assert.rejects(
      createTestPlugin(FILE, { config: { start: 'many' } }),
      /'plugins.workshop.config.start'/,
    );
  });

  it('is disabled with everything that is wrong with its settings', async () => {
    const disabled = await createTestPlugin(FILE, { config: { start: 2000, name: 'A1' } });
    assert.equal(disabled.health.state, 'disabled');
    assert.match(disabled.health.reason ?? '', /'start': [^]*\n'name': letters/);
    assert.equal((await disabled.request('/healthz')).status, 503);
    assert.equal((await disabled.request('/')).status, 503);
    await disabled.stop();
  });

  it('is disabled when init throws, and says why', async () => {
    const disabled = await createTestPlugin(FILE, { config: { name: 'nobody' } });
    assert.deepEqual(disabled.health, { state: 'disabled', reason: 'nobody cannot work here' });
    await disabled.stop();
  });

  it('is an error when the file defines no plugin', async () => {
    await assert.rejects(
      createTestPlugin(new URL('../../../src/sdk/clock.ts', import.meta.url)),
      /defines no plugin/,
    );
  });
});

describe('a plugin whose prefix is left to it', () => {
  let prefixed: TestPlugin;

  before(async () => {
    prefixed = await createTestPlugin(join(import.meta.dirname, '../fixtures/prefixed/src/main.ts'));
  });
  after(() => prefixed.stop());

  for (const [path, as, status] of [
    ['/api/prefixed/', undefined, 200],
    ['/api/prefixed/v1/me', undefined, 401],
    ['/api/prefixed/v1/me', ADA, 200],
    ['/api/prefixed/v1/me', plugin('captain'), 200],
    ['/api/prefixed/v1/me', plugin('pirate'), 403],
    ['/api/prefixed/v1/admin/all', ADA, 403],
    ['/api/prefixed/v1/admin/all', ROOT, 200],
    ['/', undefined, 404],
    ['/v1/me', ADA, 404],
    ['/healthz', undefined, 200],
  ] as const) {
    it(`answers GET ${path} as ${nameOf(as)} with ${status}`, async () => {
      assert.equal((await prefixed.request(path, as ? { as } : {})).status, status);
    });
  }
});

describe('a plugin in CommonJS, in a test', () => {
  let odd: TestPlugin;

  beforeEach(async () => {
    odd = await createTestPlugin(join(ODD, 'main.cjs'));
  });
  afterEach(() => odd.stop());

  for (const time of ['first', 'second'])
    it(`is loaded anew the ${time} time`, async () => {
      assert.deepEqual(await json(await odd.request('/asked')), { asked: 1 });
    });

  it('sees that a client goes away', async () => {
    const { body } = await odd.request('/stream');
    await body?.cancel();
    await eventually(async () => (await json(await odd.request('/left')))['left'] === 1);
  });

  for (const [query, answer] of [
    ['what=nothing&event=said', true],
    ['what=bytes&event=said', true],
    ['what=big&event=said', 'TypeError'],
    ['what=nothing&event=no:name', 'MESH_BAD_REQUEST'],
  ] as const)
    it(`publishes ${query} as in a mesh: ${answer}`, async () => {
      const response = await odd.request(`/publish?${query}`, { method: 'POST' });
      assert.deepEqual(await response.json(), answer);
      assert.equal(odd.published.length, answer === true ? 1 : 0);
    });
});

describe('a mistake in a plugin’s file', () => {
  it('is the reason of one that takes a JSON Schema for a schema', async () => {
    const disabled = await createTestPlugin(join(ODD, 'json-schema.cjs'));
    assert.match(disabled.health.reason ?? '', /JSON Schema is for plugin\.json/);
    await disabled.stop();
  });

  for (const [file, message] of [
    ['twice.ts', /defines several plugins/],
    ['nothing.cjs', /definePlugin was given 'function' without 'setup'/],
  ] as const)
    it(`is said of ${file}`, () => assert.rejects(createTestPlugin(join(ODD, file)), message));
});
