import assert from 'node:assert/strict';
import { ACCESS_CHANGE, apiKeyKey, hashCredential, mintApiKey } from '@plugmesh/shared/access';
import { eventually } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { Guide } from './support/guide.ts';
import { TestMesh } from './support/test-mesh.ts';

const SOON = { timeoutMs: 15_000 };

describe('the guide to who may call a plugin', function () {
  this.timeout(60_000);
  const [reader, admin] = [mintApiKey(), mintApiKey()];
  let mesh: TestMesh;
  let guide: Guide;
  let redis: Redis;

  before(async () => {
    mesh = await TestMesh.create();
    const env = { KEY: reader.key, ADMIN_KEY: admin.key };
    guide = new Guide('docs/guides/who-may-call.md', { mesh, env });
    await guide.write('services/ferries/plugin.json');
    await guide.write('services/ferries/main.mjs');
    await mesh.up();
    await mesh.untilState('ferries', 'ready');
    redis = new Redis((await mesh.command('redis')).output.trim());
    await keep(reader, { roles: [], guards: ['key'], plugins: ['ferries'] });
    await keep(admin, { roles: ['admin'], guards: ['admin'], plugins: ['*'] });
  });
  after(async () => {
    redis.disconnect();
    await mesh.remove();
  });

  /** Keeps a key as accounts does. */
  async function keep({ prefix, key }: { prefix: string; key: string }, what: object): Promise<void> {
    const record = { user: 'ada', name: 'Ada', hash: hashCredential(key), endsAt: null, ...what };
    await redis.set(apiKeyKey(prefix), JSON.stringify(record));
    await redis.publish(ACCESS_CHANGE, JSON.stringify({ keys: [prefix] }));
  }

  it('tells truly what strangers get', async () => {
    assert.equal(await guide.run('ask as a stranger'), 'GET /timetable\n401\n401');
  });

  it('reads with a key, and changes nothing with it', async () => {
    assert.equal(await guide.run('read with a key'), 'GET /positions/hamburg');
    assert.equal(await guide.run('change with a key'), '403');
  });

  it("steers the mesh with an administrator's key, and finds in the log who did", async () => {
    assert.match(await guide.run('steer the mesh'), /"enabled":false[^]*"enabled":true/);
    await eventually(
      async () => /disable[^]*user:ada/.test((await mesh.command('logs', 'mesh')).output),
      SOON,
    );
  });

  it('opens a plugin with a key of its own as soon as it stands in the file', async () => {
    await guide.configure('one key');
    const answer = await eventually(() => guide.run("read with the plugin's own key").catch(() => ''), SOON);
    assert.equal(answer, 'GET /anything');
  });

  it('has no code block that nothing checks', () => guide.assertFollowed());
});
