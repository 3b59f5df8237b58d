import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestPlugin } from '@plugmesh/sdk/testing';

let plugin;
before(async () => {
  plugin = await createTestPlugin('main.mjs');
});
after(() => plugin.stop());

test('counts seconds, and tells the topic', async () => {
  await plugin.clock.advance(3000);
  const response = await plugin.request('/');
  assert.deepEqual(await response.json(), { seconds: 3 });
  assert.deepEqual(
    plugin.published.map(({ topic, event }) => `${topic} ${event}`),
    Array(3).fill('plugin-name tick'),
  );
});

test('answers a push', async () => {
  await plugin.push('plugin-name', 'ping', {});
  assert.equal(plugin.published.at(-1)?.event, 'pong');
});
