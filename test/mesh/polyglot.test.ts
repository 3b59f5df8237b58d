import assert from 'node:assert/strict';
import { IdentityTokens, loadSecrets } from '@plugmesh/shared/identity';
import { eventually } from '@plugmesh/shared/testing';
import { ClientLoad } from './support/client-load.ts';
import { ChannelClient } from './support/channel-client.ts';
import { knowsWhoCalls } from './support/identity-contract.ts';
import { build, LANGUAGES, type Built, type BuildResult } from './support/languages.ts';
import { keepsTheContract } from './support/plugin-contract.ts';
import { TestMesh } from './support/test-mesh.ts';

const BUILD_TIMEOUT_MS = 20 * 60_000;

describe('the shipped plugins in other languages', function () {
  this.timeout(60_000);
  const built = new Map<string, BuildResult>();

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS);
    // One after another: each build takes every processor.
    for (const language of LANGUAGES) {
      const result = await build(language);
      built.set(language.id, result);
      if (result.state === 'skipped') process.stdout.write(`SKIPPED ${language.id}: ${result.reason}\n`);
    }
  });

  for (const language of LANGUAGES) {
    describe(`${language.id}, on its own`, () => {
      let plugin: Built;
      before(function () {
        const result = built.get(language.id);
        if (result?.state === 'built') plugin = result;
        else this.skip();
      });
      keepsTheContract(language, () => plugin);
      knowsWhoCalls(language, () => plugin);
    });
  }

  describe('together in a mesh', () => {
    let mesh: TestMesh;
    /** Where everything was skipped, there is none to remove. */
    let started: TestMesh | undefined;
    const present = (): Built[] => [...built.values()].filter((each) => each.state === 'built');

    before(async function () {
      if (present().length === 0) this.skip();
      const toml = present().map(({ id, folder }) => `[plugins.${id}]\nfolder = "${folder}"\n`);
      mesh = started = await TestMesh.create({ toml: toml.join('') });
      await mesh.up();
      for (const { id } of present()) await mesh.untilState(id, 'ready', 50_000);
    });
    after(() => started?.remove());

    it('are all served by the gateway', async () => {
      for (const { id } of present()) {
        const response = await fetch(`${mesh.origin}/api/${id}/`);
        assert.equal(response.status, 200, id);
        const { hello, language } = (await response.json()) as Record<string, unknown>;
        assert.deepEqual([hello, `hello-${String(language)}`], ['mesh', id]);
      }
    });

    it('are live on a socket, and answer its pushes', async () => {
      for (const { id } of present()) {
        const client = await ChannelClient.connect(mesh.origin);
        assert.equal((await client.join(id)).status, 'ok', id);
        const [instance] = (await mesh.plugin(id))?.instances ?? [];
        const { pid } = (await client.heard('process')) as { pid: number };
        assert.equal(pid, instance?.pid, `${id} speaks of its own process`);
        await client.push(id, 'ping', { nonce: id });
        const language = id.replace('hello-', '');
        assert.deepEqual(await client.heard('ping_result'), { nonce: id, language });
        client.close();
      }
    });

    it('know who asks, by the keys that the gateway publishes', async () => {
      const tokens = new IdentityTokens(loadSecrets(mesh.config));
      const who = { id: 'ada', name: 'Ada', roles: ['pilot'], guards: ['key'], key: 'k' } as const;
      for (const { id } of present()) {
        const [instance] = (await mesh.untilState(id, 'ready')).instances;
        const token = await tokens.sign({ kind: 'user', ...who }, id);
        const response = await fetch(`${instance?.url}/whoami`, {
          headers: { 'x-plugmesh-identity': token },
        });
        assert.deepEqual(await response.json(), { sub: 'user:ada', name: 'Ada', roles: ['pilot'] }, id);
      }
    });

    it('are reloaded under load without a failed request', async function () {
      this.timeout(120_000);
      for (const { id } of present()) {
        const load = new ClientLoad(mesh.origin).withAgent({ path: `/api/${id}/`, clients: 8 });
        await eventually(() => load.sent > 20);
        const { code, output } = await mesh.command('reload', id);
        const { sent, failures } = await load.stop();
        assert.equal(code, 0, output);
        assert.deepEqual(failures, [], id);
        assert.deepEqual(
          (await mesh.plugin(id))?.instances.map((each) => each.id),
          [`${id}.2-0`],
        );
        process.stdout.write(`      ${id}: ${sent} requests while it was reloaded, none failed\n`);
      }
    });

    it('fall and come back one by one, while the others serve', async () => {
      for (const { id } of present()) {
        const pid = (await mesh.untilState(id, 'ready')).instances[0]?.pid;
        assert.ok(pid, id);
        process.kill(pid, 'SIGKILL');
        for (const other of present().filter((each) => each.id !== id))
          assert.equal((await fetch(`${mesh.origin}/api/${other.id}/`)).status, 200, other.id);
        await eventually(
          async () => {
            const [instance] = (await mesh.plugin(id))?.instances ?? [];
            return instance?.state === 'ready' && instance.pid !== pid;
          },
          { timeoutMs: 20_000, what: `another ${id}` },
        );
        assert.equal((await fetch(`${mesh.origin}/api/${id}/`)).status, 200, id);
      }
    });
  });
});
