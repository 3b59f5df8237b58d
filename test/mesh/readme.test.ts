import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '@plugmesh/shared/manifest';
import { missingRequirement } from '@plugmesh/shared/processes';
import { eventually, freePort } from '@plugmesh/shared/testing';
import { ChannelClient } from './support/channel-client.ts';
import { skipped } from './support/describe-with.ts';
import { Guide } from './support/guide.ts';
import { TestMesh } from './support/test-mesh.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Plugins of the repository that are not in JavaScript, by their language. */
const WRITTEN_IN: Readonly<Record<string, string>> = {
  'hello-go': 'go',
  'hello-python': 'python',
  'hello-rust': 'rust',
  packages: 'python',
  tenant: 'python',
};
/** Plugins of the repository without those that would be built. */
const SHIPPED = {
  accounts: '',
  endpoints: '',
  example: '',
  files: '',
  'https-first': 'enabled = false',
  metrics: '',
  system: '',
  tenant: 'enabled = false',
};
const MANIFEST = 'services/hello/plugin.json';
const SOON = { timeoutMs: 15_000 };

/** Further languages of the smallest plugin, and the program that each needs. */
const LANGUAGES = [
  { name: 'Python', file: 'main.py', program: 'python3' },
  { name: 'Go', file: 'main.go', program: 'go' },
  { name: 'Rust', file: 'main.rs', program: 'rustc' },
] as const;

describe('the README', function () {
  this.timeout(120_000);
  let readme: Guide;
  let mesh: TestMesh;

  before(async () => {
    const sections = Object.entries(SHIPPED).map(
      ([id, more]) => `[plugins.${id}]\nfolder = "${join(ROOT, 'services', id)}"\n${more}\n`,
    );
    mesh = await TestMesh.create({ toml: sections.join('') });
    readme = new Guide('README.md', { mesh, instead: { 8001: String(await freePort()) } });
    // A reader works in the repository; this folder stands for it.
    await symlink(join(ROOT, 'node_modules'), join(mesh.folder, 'node_modules'));
    await mesh.up();
  });
  after(async () => {
    await readme.stop();
    await mesh.remove();
  });

  const assertAnswer = async (): Promise<void> => {
    const answer = JSON.parse(readme.text('answer')) as unknown;
    await eventually(async () => {
      assert.deepEqual(JSON.parse(await readme.run('ask')), answer);
      return true;
    }, SOON);
  };

  it('shows what `up` prints', () => {
    const shape = (text: string): string =>
      text
        .replaceAll(/until \S+\)/g, 'until then)')
        .replaceAll(/link#\S+/g, 'link#')
        .replaceAll(/\d+(\.\d+)?/g, '0')
        .replaceAll(/ +/g, ' ');
    const lines = shape(readme.text('up')).trim().split('\n');
    const printed = shape(mesh.output);
    for (const line of lines.filter((each) => !isBuilt(each))) {
      assert.ok(printed.includes(line.trim()), `'${line}' is not in\n${printed}`);
    }
  });

  it('shows the plugins that are there, each with its language and guard', () => {
    const [table = ''] = readme.text('up').split('\n\n');
    const rows = table.split('\n').filter((line) => /^[a-z]/.test(line));
    for (const row of rows) {
      const [id = '', state, language, , guard] = row.split(/ +/);
      const file = join(ROOT, 'services', id, 'plugin.json');
      const { http } = parseManifest(readFileSync(file, 'utf8'), file);
      const expected = SHIPPED[id as keyof typeof SHIPPED] ? 'disabled' : 'ready';
      assert.deepEqual([state, language, guard], [expected, WRITTEN_IN[id] ?? 'node', http.guard], id);
    }
  });

  it('names the two commands that there are', async () => {
    for (const line of readme.text('two commands').trim().split('\n')) {
      const [command = ''] = line.replace('./plugmesh ', '').split(' ');
      assert.match((await mesh.command(command, '--help')).output, new RegExp(`^plugmesh ${command} `));
    }
  });

  it('has a smallest plugin that starts by itself and answers as shown', async () => {
    await readme.write('services/hello/main.mts');
    await readme.write(MANIFEST);
    await mesh.untilState('hello', 'ready');
    await assertAnswer();
  });

  it('says truly what that plugin does with a push', async () => {
    const client = await ChannelClient.connect(mesh.origin);
    await client.join('hello');
    await client.push('hello', 'greet', { name: 'you' });
    assert.deepEqual(await client.heard('greeting'), { dear: { name: 'you' } });
    client.close();
  });

  for (const { name, file, program } of LANGUAGES) {
    it(`has the same in ${name}`, async function () {
      const code = readme.text(`services/hello/${file}`);
      const hello = parseManifest(readme.text(MANIFEST), MANIFEST);
      const missing = await missingRequirement({ ...hello, requires: { [program]: '*' } });
      if (missing !== undefined) skipped(this, `smallest plugin in ${name}`, missing);
      const page = await readFile(join(ROOT, 'README.md'), 'utf8');
      const [, lines = ''] = new RegExp(`^${name}, \`${file}\` and \`(.+?)\``, 'm').exec(page) ?? [];
      const manifest = readme.text(MANIFEST).replace(/"run": .*(?=,\n)/, () => lines);
      assert.ok(lines !== '' && manifest.includes(lines), `the README says what differs for ${name}`);
      await mesh.removePlugin('hello');
      await mesh.addPlugin('hello', { [file]: code, 'plugin.json': manifest });
      await mesh.untilState('hello', 'ready', 60_000);
      await assertAnswer();
      // Python's answers GET alone. In the others no answer may get lost because a body was not read.
      if (name === 'Python') return;
      const post = { method: 'POST', body: 'x'.repeat(100_000) };
      assert.equal((await fetch(`${mesh.origin}/api/hello/`, post)).status, 200);
    });
  }

  it('puts any HTTP server behind the gateway with two lines, closed until it is opened', async () => {
    await readme.write('clock.mjs');
    await readme.start('start the clock');
    const [section = '', url = '', guard = ''] = readme.text('plugmesh.toml').trim().split('\n');
    assert.equal(guard, 'guard = "public"');
    const settings = await readFile(mesh.file, 'utf8');
    await writeFile(mesh.file, `${settings}\n${section}\n${url}\n`);
    const status = async (): Promise<number> => (await fetch(`${mesh.origin}/api/clock/`)).status;
    await eventually(async () => (await status()) === 401, SOON);
    await writeFile(mesh.file, `${settings}\n${section}\n${url}\n${guard}\n`);
    await eventually(async () => (await status()) === 200, SOON);
    const time = await readme.run('ask the clock');
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 10_000, time);
  });

  it('has no code block that nothing checks', () => readme.assertFollowed());
});

/** Whether a line of the table is about a plugin that is not in the mesh of this test. */
function isBuilt(line: string): boolean {
  const [id = ''] = line.split(' ');
  return id in WRITTEN_IN && !(id in SHIPPED);
}
