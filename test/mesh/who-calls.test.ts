import assert from 'node:assert/strict';
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ACCESS_CHANGE,
  apiKeyKey,
  hashCredential,
  mintApiKey,
  mintSecret,
  sessionKey,
} from '@plugmesh/shared/access';
import { eventually } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { WebSocket } from 'ws';
import { Guide } from './support/guide.ts';
import { TestMesh } from './support/test-mesh.ts';

const ADA = { user: 'ada', name: 'Ada', roles: ['admin', 'pilot'] };
const SOON = { timeoutMs: 15_000 };

describe('who calls, in a whole mesh', function () {
  this.timeout(60_000);
  const { prefix, key } = mintApiKey();
  let mesh: TestMesh;
  let guide: Guide;
  let redis: Redis;

  before(async () => {
    mesh = await TestMesh.create();
    guide = new Guide('docs/guides/who-calls.md', { mesh, env: { KEY: key } });
    await symlink(join(import.meta.dirname, '../../node_modules'), join(mesh.folder, 'node_modules'));
    await mesh.up();
    redis = new Redis((await mesh.command('redis')).output.trim());
    const record = { ...ADA, hash: hashCredential(key), guards: ['key'], plugins: ['*'], endsAt: null };
    await redis.set(apiKeyKey(prefix), JSON.stringify(record));
    await redis.publish(ACCESS_CHANGE, JSON.stringify({ keys: [prefix] }));
  });
  after(async () => {
    redis.disconnect();
    await mesh.remove();
  });

  it('is told as the guide says: by headers, by the token, and from plugin to plugin', async () => {
    for (const file of [
      'services/ships/main.mjs',
      'services/ships/plugin.json',
      'services/captain/src/main.ts',
      'services/captain/plugin.json',
    ])
      await guide.write(file);
    for (const id of ['ships', 'captain']) await mesh.untilState(id, 'ready', 20_000);
    const hears = (block: string, expected: object): Promise<unknown> =>
      eventually(async () => {
        assert.deepEqual(JSON.parse(await guide.run(block)), expected);
        return true;
      }, SOON);
    await hears('ask as nobody', {});
    // A key that opens no administration does not show that role.
    const ada = { user: 'ada', roles: ['pilot'] };
    await hears('ask with a key', ada);
    await hears('ask the captain', { user: 'ada', ships: { ...ada, plugin: 'captain' } });
    guide.assertExcerpts();
    guide.assertFollowed();
  });

  it('is told to channel, whose socket ends with the session', async () => {
    const id = mintSecret();
    const key = sessionKey(hashCredential(id));
    const now = Date.now();
    const record = { ...ADA, startedAt: now, endsAt: now + 3_600_000, idleMs: 1_800_000 };
    await redis.set(key, JSON.stringify(record), 'PX', record.idleMs);
    const address = `${mesh.origin.replace('http', 'ws')}/socket/websocket?vsn=2.0.0`;
    const socket = new WebSocket(address, {
      headers: { Cookie: `plugmesh-session=${id}`, Origin: mesh.origin },
    });
    await once(socket, 'open');
    socket.send(JSON.stringify(['1', '1', 'admin', 'phx_join', {}]));
    const [data] = (await once(socket, 'message')) as [Buffer];
    assert.match(data.toString(), /"status":"ok"/);
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    await redis.del(key);
    await redis.publish(ACCESS_CHANGE, JSON.stringify({ sessions: [hashCredential(id)] }));
    const [code, reason] = await closed;
    assert.deepEqual([code, reason.toString()], [4401, 'the session has ended']);
  });
});
