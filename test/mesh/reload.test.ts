import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@plugmesh/shared/testing';
import { ClientLoad } from './support/client-load.ts';
import { plugin } from './support/plugins.ts';
import { TestMesh } from './support/test-mesh.ts';

/** Answers with its version, every other time only after a while, so that a reload finds requests under way. */
const versioned = (version: string): string => `
let n = 0;
server((req, res) => req.resume().on('end', () => setTimeout(() => res.end('${version}'), n++ % 2 ? 150 : 0)));
`;

const SETTINGS = 'server((req, res) => res.end(process.env.PLUGMESH_CONFIG));';

describe('reloading a plugin', function () {
  this.timeout(120_000);
  let mesh: TestMesh;

  before(async () => {
    mesh = await TestMesh.create({
      plugins: {
        busy: plugin('busy', versioned('one'), { instances: 2 }),
        built: plugin('built', "import { text } from './made.mjs'; server((q, res) => res.end(text));", {
          setup: [['node', 'build.mjs']],
        }),
        fixed: plugin('fixed', versioned('one'), { port: 41_987 }),
        settled: plugin('settled', SETTINGS),
        lacking: plugin('lacking', '', { requires: { 'no-such-cobol': '>=1' } }),
        second: plugin('second', versioned('one'), { dependsOn: ['busy'] }),
      },
      toml: '[plugins.far]\nurl = "http://127.0.0.1:9"\n',
    });
    await mesh.addPlugin('built', { 'build.mjs': buildScript('first') });
    await mesh.up();
    for (const id of ['busy', 'built', 'fixed', 'settled', 'second']) await mesh.untilState(id, 'ready');
  });
  after(() => mesh.remove());

  const text = async (path: string): Promise<string> => (await fetch(`${mesh.origin}${path}`)).text();

  const change = (id: string, code: string): Promise<void> =>
    mesh.addPlugin(id, { 'main.mjs': plugin(id, code)['main.mjs'] ?? '' });

  const names = async (id: string): Promise<string[]> =>
    (await mesh.runningProcesses()).map(({ name }) => name).filter((name) => name.split(/[.:]/)[0] === id);

  /** Runs something while clients ask a plugin all the time; none of their requests may fail. */
  async function underLoad(path: string, action: () => Promise<void>): Promise<ClientLoad> {
    const load = new ClientLoad(mesh.origin).withAgent(
      { path, clients: 8 },
      { path, clients: 8, body: 'x'.repeat(2000) },
    );
    await eventually(() => load.answers.size > 0);
    await action().finally(() => load.stop());
    assert.deepEqual((await load.stop()).failures, []);
    return load;
  }

  it('starts the next generation beside the old one and loses no request', async () => {
    const { sent, answers } = await underLoad('/api/busy/', async () => {
      await change('busy', versioned('two'));
      const { code, output } = await mesh.command('reload', 'busy');
      assert.equal(code, 0, output);
      assert.match(output, /busy is reloaded \(ready after \d+ ms, generation 2\)/);
    });
    assert.ok(sent > 100, `${sent} requests`);
    assert.deepEqual([...answers.keys()], ['one', 'two']);
    await eventually(async () => (await names('busy')).join() === 'busy.2,busy.2:1');
    const { instances } = await mesh.untilState('busy', 'ready');
    assert.deepEqual(instances.map(({ id }) => id).sort(), ['busy.2-0', 'busy.2-1']);
    assert.equal(await text('/api/busy/'), 'two');
  });

  it('leaves the old one serving when the new one ends, and says why', async () => {
    await underLoad('/api/busy/', async () => {
      await change('busy', "console.error('no licence'); process.exit(3);");
      const { code, output } = await mesh.command('reload', 'busy');
      assert.equal(code, 1);
      assert.match(
        output,
        /MESH_RELOAD_FAILED.*'busy' did not get ready; what runs of it goes on.*no licence/s,
      );
    });
    assert.equal(await text('/api/busy/'), 'two');
    await eventually(async () => (await names('busy')).join() === 'busy.2,busy.2:1');
    await eventually(async () => /MESH_RELOAD_FAILED/.test((await mesh.plugin('busy'))?.reason ?? ''));
    await change('busy', versioned('three'));
    assert.equal((await mesh.command('reload', 'busy')).code, 0);
    assert.equal(await text('/api/busy/'), 'three');
    await eventually(async () => (await mesh.plugin('busy'))?.reason === undefined);
  });

  it('builds first, and leaves the old one serving when the build fails', async () => {
    await mesh.addPlugin('built', { 'build.mjs': buildScript('second') });
    assert.equal((await mesh.command('reload', 'built')).code, 0);
    assert.equal(await text('/api/built/'), 'second');
    await mesh.addPlugin('built', { 'build.mjs': "console.error('line 7: no such type'); process.exit(1);" });
    const { code, output } = await mesh.command('reload', 'built');
    assert.equal(code, 1);
    assert.match(output, /MESH_SETUP_FAILED.*line 7: no such type/s);
    assert.equal(await text('/api/built/'), 'second');
    assert.match((await mesh.command('logs', 'built.setup')).output, /\$ node build\.mjs[\s\S]*line 7/);
  });

  it('starts nothing of a version whose build fails, also where it asks for more instances', async () => {
    const manifest = { setup: [['node', 'build.mjs']], instances: 3 };
    await mesh.addPlugin('built', { 'plugin.json': plugin('built', '', manifest)['plugin.json'] ?? '' });
    await eventually(async () => /MESH_SETUP_FAILED/.test((await mesh.plugin('built'))?.reason ?? ''));
    assert.equal((await names('built')).length, 1);
    assert.equal(await text('/api/built/'), 'second');
    await mesh.addPlugin('built', { 'build.mjs': buildScript('third') });
    assert.equal((await mesh.command('reload', 'built')).code, 0);
    await eventually(async () => (await names('built')).length === 3);
    assert.equal(await text('/api/built/'), 'third');
  });

  it('is broken off, with its build, when the plugin is disabled', async () => {
    await mesh.addPlugin('built', { 'build.mjs': 'setInterval(() => {}, 1000);' });
    const reloading = mesh.command('reload', 'built');
    await eventually(async () =>
      (await mesh.command('logs', 'built.setup', '-n', '1')).output.includes('$ node'),
    );
    await mesh.command('disable', 'built');
    assert.match((await reloading).output, /MESH_RELOAD_FAILED/);
    await eventually(async () => (await names('built')).length === 0, { timeoutMs: 20_000 });
  });

  it('tells of one that does not run why it cannot', async () => {
    const { code, output } = await mesh.command('reload', 'lacking');
    assert.equal(code, 1);
    assert.match(output, /MESH_RELOAD_FAILED.*MESH_REQUIREMENT_MISSING: 'no-such-cobol' >=1/);
  });

  it('is done one after the other when it is asked for twice', async () => {
    const both = await Promise.all([mesh.command('reload', 'busy'), mesh.command('reload', 'busy')]);
    const generations = both.map(({ output }) => Number(/generation (\d+)/.exec(output)?.[1]));
    assert.equal(Math.abs((generations[0] ?? 0) - (generations[1] ?? 0)), 1, JSON.stringify(both));
    await eventually(async () => (await names('busy')).length === 2);
  });

  it('is what a changed setting does, without a failed request', async () => {
    assert.equal(await text('/api/settled/'), '{}');
    const { answers } = await underLoad('/api/settled/', async () => {
      await appendFile(mesh.file, '[plugins.settled.config]\ncolour = "blue"\n');
      await eventually(async () => (await text('/api/settled/')) === '{"colour":"blue"}', {
        timeoutMs: 20_000,
      });
      await eventually(async () => (await names('settled')).length === 1, { timeoutMs: 20_000 });
    });
    assert.equal(answers.size, 2);
  });

  it('follows the newest of several edits that come while it is under way', async () => {
    const before = await readFile(mesh.file, 'utf8');
    for (const colour of ['red', 'green', 'many', 'blue']) {
      const edited =
        colour === 'many' ? `${before}\n[plugins.settled]\nguard = "many"\n` : before.replace('blue', colour);
      await writeFile(mesh.file, edited);
      await eventually(async () => (await names('settled')).length !== 1, { timeoutMs: 3_000 }).catch(
        () => undefined,
      );
    }
    await eventually(async () => (await text('/api/settled/')) === '{"colour":"blue"}', {
      timeoutMs: 20_000,
    });
    await eventually(async () => (await names('settled')).length === 1, { timeoutMs: 20_000 });
    assert.equal(await text('/api/settled/'), '{"colour":"blue"}');
  });

  it('is what another number of instances does', async () => {
    await underLoad('/api/settled/', async () => {
      for (const instances of [3, 1]) {
        await mesh.addPlugin('settled', {
          'plugin.json': plugin('settled', '', { instances })['plugin.json'] ?? '',
        });
        const ready = async (): Promise<number> =>
          (await mesh.untilState('settled', 'ready')).instances.filter(({ state }) => state === 'ready')
            .length;
        await eventually(async () => (await ready()) === instances, { timeoutMs: 20_000 });
        await eventually(async () => (await names('settled')).length === instances, { timeoutMs: 20_000 });
      }
    });
  });

  it('ends with nothing running when the plugin is disabled meanwhile', async () => {
    await change('settled', `setTimeout(() => { ${SETTINGS} }, 1500);`);
    const reloading = mesh.command('reload', 'settled');
    await eventually(async () => (await names('settled')).length === 2, { timeoutMs: 15_000 });
    await mesh.command('disable', 'settled');
    await reloading;
    await eventually(async () => (await names('settled')).length === 0, { timeoutMs: 20_000 });
    assert.equal((await fetch(`${mesh.origin}/api/settled/`)).status, 503);
    await mesh.command('enable', 'settled');
    await mesh.untilState('settled', 'ready', 20_000);
    assert.equal((await fetch(`${mesh.origin}/api/settled/`)).status, 200);
  });

  it('has a gap where the port is fixed, and says so', async () => {
    await change('fixed', versioned('two'));
    const { output } = await mesh.command('reload', 'fixed');
    assert.match(output, /, with a gap/);
    await eventually(async () => (await text('/api/fixed/')) === 'two');
  });

  it('is refused where plugmesh does not start the plugin', async () => {
    assert.equal((await mesh.operator('POST', '/mesh/plugins/far/reload')).status, 501);
    assert.equal((await mesh.operator('POST', '/mesh/plugins/nobody/reload')).status, 404);
    assert.equal((await fetch(`${mesh.origin}/mesh/plugins/busy/reload`, { method: 'POST' })).status, 401);
  });

  it('that is broken off by the end of mesh leaves the old one serving', async () => {
    await change('second', 'setInterval(() => {}, 1000);');
    void mesh.command('reload', 'second');
    await eventually(async () => (await names('second')).length === 2, { timeoutMs: 15_000 });
    const { pid = 0 } = (await mesh.runningProcesses()).find(({ name }) => name === 'mesh') ?? {};
    process.kill(pid, 'SIGKILL');
    await eventually(async () => (await names('second').catch(() => [])).join() === 'second', {
      timeoutMs: 30_000,
    });
    assert.equal(await text('/api/second/'), 'one');
  });
});

describe('plugmesh up --watch', function () {
  this.timeout(90_000);
  let mesh: TestMesh;

  before(async () => {
    mesh = await TestMesh.create({
      plugins: { edited: plugin('edited', versioned('one')), other: plugin('other', versioned('one')) },
    });
    await mesh.up('--watch');
    await mesh.untilState('edited', 'ready');
    await mesh.untilState('other', 'ready');
  });
  after(() => mesh.remove());

  it('reloads the plugin whose file was edited, and no other', async () => {
    const pid = (await mesh.plugin('other'))?.instances[0]?.pid;
    const file = join(mesh.folder, 'services/edited/main.mjs');
    const load = new ClientLoad(mesh.origin).withAgent({ path: '/api/edited/', clients: 4 });
    await eventually(() => load.answers.size === 1);
    await writeFile(file, (await readFile(file, 'utf8')).replace('one', 'two'));
    await eventually(() => load.answers.size === 2, { timeoutMs: 20_000 });
    await eventually(() => mesh.output.includes('✔ edited is reloaded'), { timeoutMs: 20_000 });
    assert.deepEqual((await load.stop()).failures, []);
    assert.equal((await mesh.plugin('other'))?.instances[0]?.pid, pid);
  });

  it('says what is wrong with an edit, and takes the next one', async () => {
    const file = join(mesh.folder, 'services/edited/main.mjs');
    const good = await readFile(file, 'utf8');
    await writeFile(file, 'this is no JavaScript');
    const pid = (await mesh.plugin('edited'))?.instances[0]?.pid;
    await eventually(
      () => /MESH_RELOAD_FAILED[^]*│ SyntaxError[^]*correct .*main\.mjs:1\b/.test(mesh.output),
      {
        timeoutMs: 20_000,
      },
    );
    assert.equal((await mesh.plugin('edited'))?.instances[0]?.pid, pid);
    assert.equal(await (await fetch(`${mesh.origin}/api/edited/`)).text(), 'two');
    await writeFile(file, good.replace('two', 'three'));
    await eventually(async () => (await (await fetch(`${mesh.origin}/api/edited/`)).text()) === 'three', {
      timeoutMs: 20_000,
    });
  });
});

/** A build script that writes the text which the plugin answers with. */
function buildScript(text: string): string {
  return `import { writeFileSync } from 'node:fs';
writeFileSync('made.mjs', 'export const text = "${text}";');
`;
}
