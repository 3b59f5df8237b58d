import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createTestPlugin, type TestPlugin } from '@plugmesh/sdk/testing';

/** The same plugin in each idiom of the SDK. */
const FILES = ['main.ts', 'class.ts', 'server.ts'];

for (const file of FILES) {
  describe(`the example of src/${file}`, () => {
    let example: TestPlugin;

    beforeEach(async () => {
      const path = join(import.meta.dirname, '../../src', file);
      example = await createTestPlugin(path, { config: { greeting: 'Ahoy' } });
    });
    afterEach(() => example.stop());

    it('greets the world as its setting says, and tells the topic', async () => {
      const response = await example.request('/');
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
      assert.deepEqual([response.status, await response.json()], [200, { example: 'Ahoy, world' }]);
      assert.deepEqual(example.published, [
        { topic: 'example', event: 'greeted', payload: { name: 'world' } },
      ]);
    });

    it('greets whom the query names', async () => {
      const response = await example.request('/?name=Ada%20L');
      assert.deepEqual(await response.json(), { example: 'Ahoy, Ada L' });
    });

    it('says that it is ready', async () => {
      const response = await example.request('/healthz');
      assert.deepEqual([response.status, await response.json()], [200, { state: 'ready' }]);
    });
  });
}
