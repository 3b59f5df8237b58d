import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestPlugin, testUser } from '@plugmesh/sdk/testing';

let plugin;
before(async () => {
  plugin = await createTestPlugin('main.mjs');
});
after(() => plugin.stop());

test('greets everybody', async () => {
  const response = await plugin.request('/');
  assert.deepEqual(await response.json(), { hello: 'plugin-name' });
});

test('knows who calls', async () => {
  assert.equal((await plugin.request('/v1/me')).status, 401);
  const response = await plugin.request('/v1/me', { as: testUser('ada', 'crew') });
  assert.deepEqual(await response.json(), { user: 'ada', roles: ['crew'] });
});
