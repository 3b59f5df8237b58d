import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { Guide } from './support/guide.ts';
import { TestMesh } from './support/test-mesh.ts';

const SOON = { timeoutMs: 20_000 };

describe('the guide to describing an API', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let guide: Guide;

  before(async () => {
    mesh = await TestMesh.create();
    guide = new Guide('docs/guides/describe-your-api.md', { mesh });
    for (const file of ['plugin.json', 'main.py', 'openapi.json'])
      await guide.write(`services/ferries/${file}`);
    await mesh.up();
    await mesh.untilState('ferries', 'ready');
  });
  after(() => mesh.remove());

  it('leads to operations in the document of the mesh, with the guards of the manifest', async () => {
    const text = await eventually(async () => {
      const answer = await guide.run('read the merged document');
      return answer.includes('/api/ferries/') && answer;
    }, SOON);
    const { paths } = JSON.parse(text) as { paths: Record<string, { get: Record<string, unknown> }> };
    assert.deepEqual(
      Object.entries(paths).map(([path, { get }]) => [path, get['x-plugmesh-guard'], get['operationId']]),
      [
        ['/api/ferries/crew', 'session', undefined],
        ['/api/ferries/timetable', 'public', 'ferries.timetable'],
      ],
    );
    assert.equal((await fetch(`${mesh.origin}/api/ferries/timetable`)).status, 200);
    assert.equal((await fetch(`${mesh.origin}/api/ferries/crew`)).status, 401);
  });

  it('leads to events on the page of topics', async () => {
    const { topics } = (await (await fetch(`${mesh.origin}/docs/topics.json`)).json()) as {
      topics: { pattern: string; events?: object }[];
    };
    assert.deepEqual(Object.keys(topics.find(({ pattern }) => pattern === 'ferries:*')?.events ?? {}), [
      'moved',
    ]);
  });

  it('shows how to find out what is wrong with a description', async () => {
    assert.equal(await guide.run('say how descriptions are'), 'ferries merged');
    await mesh.addPlugin('ferries', { 'openapi.json': '<html>' });
    await mesh.command('reload', 'ferries');
    await eventually(
      async () => (await guide.run('say how descriptions are')) === 'ferries broken it is not JSON',
      SOON,
    );
  });

  it('has no code block that nothing checks', () => guide.assertFollowed());
});
