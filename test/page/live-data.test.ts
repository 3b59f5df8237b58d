import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelClient } from '../mesh/support/channel-client.ts';
import { Guide } from '../mesh/support/guide.ts';
import { TestMesh } from '../mesh/support/test-mesh.ts';
import { openBrowser } from './browser.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHATTER = ['main.mts', 'index.html', 'page.js', 'plugin.json'];

describe('the guide to live data', function () {
  this.timeout(90_000);
  const env: Record<string, string> = {};
  let mesh: TestMesh;
  let guide: Guide;

  before(async () => {
    mesh = await TestMesh.create();
    guide = new Guide('docs/guides/live-data.md', { mesh, env });
    // A reader works in the repository; this folder stands for it.
    await symlink(join(ROOT, 'node_modules'), join(mesh.folder, 'node_modules'));
    await mesh.up();
  });
  after(async () => {
    await guide.stop();
    await mesh.remove();
  });

  it('publishes to browsers with redis-cli, and hears their pushes', async () => {
    env['REDIS_URL'] = await guide.run('find Redis');
    const client = await ChannelClient.connect(mesh.origin);
    await client.join('system');
    assert.equal(await guide.run('publish'), '1');
    assert.deepEqual(await client.heard('news'), { text: 'from a terminal' });

    const listening = await guide.start('listen');
    await eventually(() => listening.output.includes('psubscribe'));
    await client.push('system', 'hello', { from: 'a browser' });
    await eventually(() => listening.output.includes('from:system:hello'));
    assert.match(listening.output, /\{"from":"a browser"\}/);
    client.close();
  });

  it('has a plugin with a page that shows what it publishes and how it answers', async () => {
    for (const file of CHATTER) await guide.write(`services/chatter/${file}`);
    await mesh.untilState('chatter', 'ready');
    const browser = await openBrowser();
    try {
      const page = await browser.open(`${mesh.origin}/api/chatter/`);
      const seconds = page.locator('#time', { hasText: /^\d{4}-\d\d-\d\dT/ });
      await seconds.waitFor();
      await page.getByRole('button').click();
      await page.getByText('answered').waitFor();
      assert.deepEqual(browser.errors, []);
      assert.deepEqual(browser.foreignRequests(mesh.origin), []);
    } finally {
      await browser.close();
    }
  });

  it('is answered nothing that is too long, and nothing without a nonce', async () => {
    const client = await ChannelClient.connect(mesh.origin);
    await client.join('chatter');
    for (const payload of [{}, { nonce: 'x'.repeat(256) }, { nonce: { a: 1 } }, { nonce: 'right' }]) {
      assert.equal((await client.push('chatter', 'ask', payload)).status, 'ok');
    }
    assert.deepEqual(await client.heard('ask_result'), { nonce: 'right' });
    client.close();
  });

  it('shows the hello plugins as they are', () => guide.assertExcerpts());

  it('has no code block that nothing checks', () => guide.assertFollowed());
});
