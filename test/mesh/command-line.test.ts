import assert from 'node:assert/strict';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { loadSecrets, operatorToken, pluginToken } from '@plugmesh/shared/identity';
import { eventually } from '@plugmesh/shared/testing';
import { TestMesh } from './support/test-mesh.ts';
import { plugin } from './support/plugins.ts';

describe('the command line', function () {
  this.timeout(30_000);
  let mesh: TestMesh;

  before(async () => {
    mesh = await TestMesh.create({ plugins: { fine: plugin('fine', '') } });
  });
  after(() => mesh.remove());

  it('helps, with examples', async () => {
    const { code, output } = await mesh.command('help');
    assert.equal(code, 0);
    for (const name of [
      'up',
      'down',
      'ps',
      'logs',
      'check',
      'test',
      'enable',
      'disable',
      'token',
      'init',
      'compose',
    ]) {
      assert.match(output, new RegExp(`^  ${name} `, 'm'));
    }
    assert.match((await mesh.command('logs', '--help')).output, /Examples:\n {2}\.\/plugmesh logs/);
  });

  it('answers 2 and the nearest name to a command that it does not have', async () => {
    const { code, output } = await mesh.command('upp');
    assert.equal(code, 2);
    assert.match(output, /MESH_USAGE.*'upp'[\s\S]*plugmesh up/);
  });

  it('shows every problem of configuration and manifests at once, and starts nothing', async () => {
    const wrong = await TestMesh.create({
      plugins: { bad: { 'plugin.json': '{ "name": "bad",\n  "rum": [] }' } },
    });
    await appendFile(wrong.file, '[gatway]\nport = 1\n[plugins.far]\nurl = 5\n');
    const { code, output } = await wrong.command('up');
    assert.equal(code, 1);
    assert.match(output, /MESH_CONFIG_UNKNOWN_KEY {2}plugmesh\.toml:9:\d+ .*'gatway'/);
    assert.match(output, /MESH_CONFIG_INVALID {2}plugmesh\.toml:12:\d+ /);
    assert.match(output, /MESH_MANIFEST_UNKNOWN_FIELD {2}services\/bad\/plugin\.json:2:\d+ .*'rum'/);
    assert.deepEqual(wrong.processes(), []);
    await wrong.remove();
  });

  it('shows the last lines of logs, as many as asked for, of one process or all', async () => {
    const folder = join(mesh.config.stateDir, 'logs');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'fine.log'), 'one\ntwo\nthree\n');
    await writeFile(join(folder, 'fine-1.log'), 'second instance\n');
    assert.equal(
      (await mesh.command('logs', 'fine', '-n', '2')).output,
      'fine      │ two\nfine      │ three\n',
    );
    assert.equal((await mesh.command('logs', 'fine', '-n', '0')).output, '');
    assert.match((await mesh.command('logs', 'fine:1')).output, /second instance/);
    assert.match((await mesh.command('logs')).output, /three\n[\s\S]*second|second[\s\S]*three/);
    const unknown = await mesh.command('logs', 'nobody');
    assert.equal(unknown.code, 2);
    assert.match(unknown.output, /MESH_USAGE.*'nobody'\n.*fine/);
  });

  it('follows logs with -f', async () => {
    const file = join(mesh.config.stateDir, 'logs/fine.log');
    const following = mesh.follow('logs', 'fine', '-f', '-n', '1');
    await eventually(() => following.output().includes('three'), { timeoutMs: 10_000 });
    await appendFile(file, 'four\n');
    await eventually(() => following.output().includes('fine      │ four\n'));
    assert.ok(!following.output().includes('two'));
    await following.stop();
  });

  it('ends with the reader of its lines', async () => {
    let hasEnded = false;
    const ended = mesh.shell('./plugmesh logs fine -f | head -n 1').finally(() => (hasEnded = true));
    await eventually(async () => {
      await appendFile(join(mesh.config.stateDir, 'logs/fine.log'), 'more\n');
      return hasEnded;
    });
    assert.doesNotMatch((await ended).output, /✖/);
  });

  it('counts tests in its last line, and fails when one of them does', async () => {
    const file = join(mesh.folder, 'some.test.mjs');
    await writeFile(file, "it('holds', () => {}); it('does not', () => { throw new Error('no'); });");
    const { code, output } = await mesh.command('test', file);
    assert.equal(code, 1);
    assert.match(output, /\n1 passed, 1 failed\n$/);
    await writeFile(file, "it('holds', () => {});");
    assert.equal((await mesh.command('test', file)).code, 0);
  });

  it('says what the system refuses in one line with a code', async () => {
    const wrong = await TestMesh.create();
    await writeFile(join(wrong.folder, 'services'), 'a file');
    const { code, stderr } = await wrong.run(['new', 'ships', '--lang', 'go']);
    assert.equal(code, 1);
    assert.match(stderr, /^✖ MESH_SYSTEM_REFUSED {2}ENOTDIR: .*services'\n/);
    assert.doesNotMatch(stderr, /\n +at /);
    const json = await wrong.run(['new', 'ships', '--lang', 'go', '--json']);
    assert.equal((JSON.parse(json.stderr) as { code: string }).code, 'MESH_SYSTEM_REFUSED');
    await wrong.remove();
  });

  it('says that no mesh runs, with a code', async () => {
    const { code, output } = await mesh.command('enable', 'fine');
    assert.equal(code, 3);
    assert.match(output, /MESH_NOT_RUNNING.*nothing answers/);
    for (const args of [['call', 'fine'], ['pub', 'news', 'said'], ['sub'], ['routes'], ['down']])
      assert.equal((await mesh.command(...args)).code, 3, args[0]);
    const { stderr, stdout } = await mesh.run(['ps', '--json']);
    assert.equal(stdout, '');
    assert.deepEqual((JSON.parse(stderr) as { code: string }).code, 'MESH_NOT_RUNNING');
  });

  it('finds with doctor what would keep a mesh from starting, and starts nothing', async () => {
    const [gateway, channel] = [mesh.config.gateway.port, mesh.config.channel.port];
    const holder = createServer().listen(gateway, '127.0.0.1');
    await once(holder, 'listening');
    const env = { REDIS_URL: `redis://:hunter2@127.0.0.1:${channel}` };
    const { code, stdout } = await mesh.run(['doctor'], { env });
    holder.close();
    assert.equal(code, 1);
    assert.match(
      stdout,
      new RegExp(`^✖ port of gateway: ${gateway} is held by process ${process.pid} `, 'm'),
    );
    assert.match(stdout, new RegExp(`^✔ port of channel: ${channel} is free$`, 'm'));
    assert.match(
      stdout,
      /^✖ redis: nothing that lets us in answers at redis:\/\/:\*\*\*@127.*\n {4}start it, or correct/m,
    );
    assert.match(stdout, /^✔ mesh: it does not run$/m);
    assert.deepEqual(mesh.processes(), []);
    const broken = await mesh.run(['doctor', '--config', join(mesh.folder, 'services/fine/main.mjs')]);
    assert.equal(broken.code, 1);
    assert.match(broken.stdout, /^✔ node: [^]*^✖ configuration: MESH_CONFIG_SYNTAX main\.mjs:/m);
  });

  it('shows every problem of a manifest that it checks', async () => {
    await mesh.addPlugin('bad', { 'plugin.json': '{ "name": "other", "rum": [] }' });
    const bad = await mesh.command('check', join(mesh.folder, 'services/bad'));
    assert.equal(bad.code, 1);
    assert.match(bad.output, /MESH_MANIFEST_UNKNOWN_FIELD[\s\S]*plugin\.json:1:\d+/);
  });

  it('prints the tokens that the mesh takes', async () => {
    const secrets = loadSecrets(mesh.config);
    assert.equal((await mesh.command('token')).output.trim(), operatorToken(secrets));
    assert.equal((await mesh.command('token', 'ships')).output.trim(), pluginToken(secrets, 'ships'));
  });
});
