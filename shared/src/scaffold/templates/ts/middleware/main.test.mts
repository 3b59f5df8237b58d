import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestPlugin, type TestPlugin } from '@plugmesh/sdk/testing';

let plugin: TestPlugin;
before(async () => {
  plugin = await createTestPlugin('main.mts');
});
after(() => plugin.stop());

test('lets requests pass with a header', async () => {
  const response = await plugin.request('/check', { headers: { 'x-forwarded-uri': '/api/ships/' } });
  assert.equal(response.status, 204);
  assert.equal(response.headers.get('x-checked-by'), 'plugin-name');
});

test('refuses what asks for it', async () => {
  const response = await plugin.request('/check', { headers: { 'x-refuse-me': '1' } });
  assert.equal(response.status, 403);
});
