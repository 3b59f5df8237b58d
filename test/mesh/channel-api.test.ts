import assert from 'node:assert/strict';
import { loadSecrets, operatorToken } from '@plugmesh/shared/identity';
import { eventually } from '@plugmesh/shared/testing';
import { ChannelClient } from './support/channel-client.ts';
import { Guide } from './support/guide.ts';
import { plugin } from './support/plugins.ts';
import { TestMesh } from './support/test-mesh.ts';

describe('the channel API through the gateway, with two channel processes', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let page: Guide;
  const clients: ChannelClient[] = [];

  before(async () => {
    mesh = await TestMesh.create({ env: { PLUGMESH__CHANNEL__INSTANCES: '2' } });
    const env = { TOKEN: operatorToken(loadSecrets(mesh.config)) };
    page = new Guide('docs/reference/channel-api.md', { mesh, env });
    const topics = [JSON.parse(page.text('a rule for the examples'))];
    await mesh.addPlugin('shop', plugin('shop', "server((req, res) => res.end('here'));", { topics }));
    await mesh.up();
    // `up` need not have waited for the second process.
    await eventually(
      async () => {
        const { answered } = JSON.parse(await page.run('topics')) as { answered: number };
        return answered === 2;
      },
      { timeoutMs: 20_000 },
    );
    for (let n = 0; n < 6; n++) clients.push(await ChannelClient.connect(mesh.origin));
    for (const client of clients) {
      await client.join('system');
      await client.join('orders:4711');
    }
  });
  after(async () => {
    for (const client of clients) client.close();
    await mesh.remove();
  });

  /** Runs an example, and compares its answer with the one that the page shows. */
  async function follow(name: string): Promise<Record<string, unknown>> {
    const answer = JSON.parse(await page.run(name)) as Record<string, unknown>;
    const shown = JSON.parse(page.text(`${name}: the answer`)) as Record<string, unknown>;
    assert.deepEqual(Object.keys(answer), Object.keys(shown));
    return answer;
  }

  it('gives the token that the examples take', async () => {
    assert.equal(await page.run('the token'), '');
    const { output } = await mesh.command('token');
    assert.equal(output.trim(), operatorToken(loadSecrets(mesh.config)));
    assert.equal((await fetch(`${mesh.origin}/mesh/channel/topics`)).status, 401);
  });

  it('publishes to every socket, plainly and durably', async () => {
    assert.deepEqual(await follow('publish'), { topic: 'system', event: 'news' });
    // `mesh` loads the function when it knows the rule.
    const first = await eventually(() => follow('publish durably'), { timeoutMs: 15_000 });
    assert.deepEqual(await follow('publish durably'), first, 'the key makes it once');
    for (const client of clients) {
      assert.deepEqual(await client.heard('news'), { text: 'hello' });
      assert.deepEqual(await client.heard('paid'), { amount: 12.5, _id: first['_id'] });
    }
    const { results } = JSON.parse(await page.run('batch')) as { results: { status: number }[] };
    assert.deepEqual(
      results.map(({ status }) => status),
      [200, 404, 200],
    );
    for (const client of clients) await client.heard('first');
  });

  it('shows topics, presence and history of all processes together', async () => {
    const { topics } = await follow('topics');
    assert.deepEqual(topics, [{ topic: 'orders:4711', subscribers: 6 }]);
    const topic = JSON.parse(await page.run('topic')) as { subscribers: number; rule: { plugin: string } };
    assert.deepEqual([topic.subscribers, topic.rule.plugin], [6, 'shop']);
    const { presence } = await eventually(async () => {
      const body = JSON.parse(await page.run('presence')) as { count: number; presence: object };
      return body.count === 6 && body;
    });
    assert.equal(Object.keys(presence).length, 6);
    const history = JSON.parse(await page.run('history')) as { events: { event: string }[] };
    assert.deepEqual(
      history.events.map(({ event }) => event),
      ['paid'],
    );
  });

  it('tells every process to disconnect', async () => {
    assert.deepEqual(JSON.parse(await page.run('disconnect')), { processes: 2 });
  });

  it('has no code block that nothing checks', () => page.assertFollowed());
});
