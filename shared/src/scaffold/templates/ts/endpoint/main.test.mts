import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createTestPlugin, type TestPlugin } from '@plugmesh/sdk/testing';

/** Stands for the external system. */
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += String(chunk)));
  request.on('end', () => {
    const isKnown = body.includes('secret') || request.headers.authorization === 'Bearer t-1';
    const isOpen = request.url === '/api/version';
    response.writeHead(isKnown || isOpen ? 200 : 401);
    response.end(JSON.stringify(isOpen ? { version: '1.2' } : { token: 't-1', user: 'ada' }));
  });
});
let plugin: TestPlugin;
let reach: string;
before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  reach = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  plugin = await createTestPlugin('main.mts');
});
after(async () => {
  await plugin.stop();
  server.close();
});

test('knows an endpoint of its type', async () => {
  const answer = await plugin.callout('info', { reach });
  assert.deepEqual(await answer.json(), { metadata: { version: '1.2' } });
  assert.equal((await plugin.callout('info', { reach: `${reach}/elsewhere` })).status, 422);
});

test('makes a token of credentials that are accepted', async () => {
  const connect = (password: string) =>
    plugin.callout('connect', { reach, credentials: { user: 'ada', password } });
  assert.equal((await connect('guessed')).status, 400);
  const { token, user } = (await (await connect('secret')).json()) as { token: object; user: string };
  assert.equal(user, 'ada');
  assert.equal((await plugin.callout('validate', { reach, token })).status, 200);
  assert.equal((await plugin.callout('validate', { reach })).status, 409);
});
