import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createTestPlugin, testUser, type TestPlugin } from '@plugmesh/sdk/testing';

const FILE = join(import.meta.dirname, '../fixtures/workshop/src/main.ts');
const ADA = testUser('ada');
const EVE = testUser('eve');
const ROOT = testUser('root', 'admin');

const json = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;

describe('a job', () => {
  let workshop: TestPlugin;

  beforeEach(async () => {
    workshop = await createTestPlugin(FILE);
  });
  afterEach(() => workshop.stop());

  async function start(pages: number, as = ADA): Promise<string> {
    const response = await workshop.request('/v1/reports', { body: { pages }, as });
    assert.equal(response.status, 202, await response.clone().text());
    const location = response.headers.get('location') ?? '';
    assert.match(location, /^\/api\/workshop\/v1\/reports\/[0-9a-f-]{36}$/);
    return location.replace('/api/workshop', '');
  }
  const ask = async (path: string, as = ADA): Promise<Record<string, unknown>> =>
    json(await workshop.request(path, { as }));

  it('is accepted at once, and tells its result when it is done', async () => {
    const path = await start(3);
    await workshop.clock.advance(0);
    const { state, progress, result, endedAt } = await ask(path);
    assert.deepEqual(
      { state, progress, result },
      { state: 'done', progress: { pages: 1 }, result: { pages: 3 } },
    );
    assert.ok(typeof endedAt === 'string');
  });

  it('tells its progress while it runs', async () => {
    const path = await start(500);
    const response = await workshop.request(path, { as: ADA });
    assert.equal(response.headers.get('retry-after'), '1');
    const { state, progress } = await json(response);
    assert.deepEqual({ state, progress }, { state: 'running', progress: { pages: 1 } });
    await workshop.clock.advance(60_000);
    assert.equal((await ask(path)).state, 'done');
  });

  it('is cancelled by DELETE, and forgotten by a second one', async () => {
    const path = await start(500);
    const cancelled = await workshop.request(path, { method: 'DELETE', as: ADA });
    assert.deepEqual([cancelled.status, (await json(cancelled)).state], [202, 'cancelled']);
    assert.equal((await ask(path)).state, 'cancelled');
    await workshop.clock.advance(0);
    assert.equal((await workshop.request(path, { method: 'DELETE', as: ADA })).status, 204);
    assert.equal((await workshop.request(path, { as: ADA })).status, 404);
  });

  it('tells a failure by its code, and of an unexpected one nothing', async () => {
    const failure = async (pages: number): Promise<unknown> => {
      const path = await start(pages);
      await workshop.clock.advance(0);
      return (await ask(path)).error;
    };
    assert.deepEqual(await failure(13), { code: 'MESH_FORBIDDEN', detail: 'not thirteen' });
    assert.deepEqual(await failure(14), { code: 'MESH_INTERNAL', detail: 'the job failed' });
  });

  it('is for whoever started it, and for administrators', async () => {
    const path = await start(500);
    for (const method of ['GET', 'DELETE'])
      assert.equal((await workshop.request(path, { method, as: EVE })).status, 404);
    assert.equal((await workshop.request(path, { as: ROOT })).status, 200);
  });

  it('is for whoever has its id where nobody is known', async () => {
    const { status, headers } = await workshop.request('/notes', { body: { a: 1 } });
    assert.equal(status, 202);
    await workshop.clock.advance(0);
    const path = (headers.get('location') ?? '').replace('/api/workshop', '');
    assert.deepEqual((await json(await workshop.request(path))).result, { a: 1 });
  });

  it('is refused with a body that does not fit', async () => {
    for (const body of [{ pages: 0 }, { pages: 'x' }, [], 'pages'])
      assert.equal(
        (await workshop.request('/v1/reports', { body, as: ADA })).status,
        400,
        JSON.stringify(body),
      );
  });

  it('is refused while too many run', async () => {
    for (const pages of [500, 501, 502]) await start(pages);
    const response = await workshop.request('/v1/reports', { body: { pages: 503 }, as: ADA });
    assert.deepEqual([response.status, (await json(response)).code], [503, 'MESH_OVERLOADED']);
    await workshop.clock.advance(60_000);
    await start(3);
  });

  it('is forgotten after an hour', async () => {
    const path = await start(3);
    await workshop.clock.advance(3_599_000);
    assert.equal((await workshop.request(path, { as: ADA })).status, 200);
    await workshop.clock.advance(2000);
    assert.equal((await workshop.request(path, { as: ADA })).status, 404);
  });

  it('ends when the plugin stops', async () => {
    await start(500);
    await workshop.stop();
  });
});
