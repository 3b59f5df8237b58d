import assert from 'node:assert/strict';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '@plugmesh/shared/manifest';
import { missingRequirement } from '@plugmesh/shared/processes';
import { eventually, freePort, startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { ChannelClient } from './support/channel-client.ts';
import { skipped } from './support/describe-with.ts';
import { Guide } from './support/guide.ts';
import { testCache } from './support/test-cache.ts';
import { TestMesh } from './support/test-mesh.ts';

const ROOT = join(import.meta.dirname, '../..');
const MANIFEST = 'services/visits/plugin.json';
const BUILD = { timeoutMs: 300_000 };

/** A language of the guide: its files, and whether it has lines of its own in the manifest. */
interface Language {
  readonly name: string;
  readonly files: readonly string[];
  readonly isDefault?: boolean;
}

const LANGUAGES: readonly Language[] = [
  { name: 'JavaScript', files: ['main.mjs'], isDefault: true },
  { name: 'TypeScript', files: ['src/main.mts'] },
  { name: 'Python', files: ['main.py'] },
  { name: 'Go', files: ['main.go'] },
  { name: 'Rust', files: ['Cargo.toml', 'src/main.rs'] },
];

describe('the guide to a first plugin', function () {
  this.timeout(330_000);
  let mesh: TestMesh;
  let guide: Guide;
  let folder: string;

  before(async () => {
    mesh = await TestMesh.create();
    guide = new Guide('docs/guides/first-plugin.md', { mesh });
    folder = join(mesh.folder, 'services/visits');
    // A reader works in the repository; this folder stands for it.
    await symlink(join(ROOT, 'node_modules'), join(mesh.folder, 'node_modules'));
    await mesh.up();
  });
  after(() => mesh.remove());

  /** The manifest with the lines of this language instead of JavaScript's. */
  function manifestOf({ name, isDefault = false }: Language): string {
    const text = guide.text(MANIFEST);
    if (isDefault) return text;
    const lines = guide.text(`manifest of ${name}`).trim();
    return text.replace('"run": ["node", "main.mjs"],', lines.replaceAll('\n', '\n  '));
  }

  async function addPlugin(language: Language): Promise<void> {
    for (const file of language.files) await guide.write(`services/visits/${file}`);
    if (language.name === 'Rust') await symlink(testCache('first-plugin'), join(folder, 'target'));
    await mesh.addPlugin('visits', { 'plugin.json': manifestOf(language) });
    await mesh.untilState('visits', 'ready', BUILD.timeoutMs);
  }

  const visits = (path = '/', init: RequestInit = {}): Promise<Response> =>
    fetch(`${mesh.origin}/api/visits${path}`, init);
  const counted = async (init: RequestInit = {}): Promise<number> => {
    const response = await visits('/', init);
    assert.ok(response.ok, `${response.status}: ${await response.clone().text()}`);
    return ((await response.json()) as { count: number }).count;
  };

  async function untilCount(count: number): Promise<void> {
    const isCount = async (): Promise<boolean> => (await counted()) === count;
    await eventually(isCount, { timeoutMs: 30_000 }).catch(async (cause: unknown) => {
      const { output } = await mesh.command('logs', '-n', '40');
      const shown = JSON.stringify(await mesh.plugin('visits'));
      throw new Error(`it did not come to count ${count}: ${shown}\n${output}`, { cause });
    });
  }

  /** Starts the program as the mesh does, without the mesh. */
  async function startAlone({ run }: Manifest): Promise<RunningProcess> {
    const port = await freePort();
    const env = { HOST: '127.0.0.1', PORT: String(port), PLUGMESH_CONFIG: '{"start":0}' };
    const ready = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
    return startProcess(run, { cwd: folder, env, ready });
  }

  async function hearsVisits(): Promise<void> {
    // The gateway may find out first that it serves.
    await mesh.untilState('visits', 'ready');
    assert.match(await guide.run('look'), /visits +ready +node/);
    await guide.write('src/main.mts that publishes', 'services/visits/src/main.mts');
    // The mesh does not watch programs; enabling it again starts it anew.
    for (const command of ['disable', 'enable']) await mesh.command(command, 'visits');
    await mesh.untilState('visits', 'ready');
    const client = await ChannelClient.connect(mesh.origin);
    await client.join('visits');
    assert.equal((await client.push('visits', 'anything', {})).status, 'error');
    await eventually(async () => (await visits('/', { method: 'POST' })).ok);
    const { count } = (await client.heard('counted')) as { count: number };
    assert.ok(count > 0);
    client.close();
  }

  for (const language of LANGUAGES) {
    describe(`in ${language.name}`, () => {
      let manifest: Manifest;

      before(async function () {
        manifest = parseManifest(manifestOf(language), MANIFEST);
        const missing = await missingRequirement(manifest);
        if (missing === undefined) await addPlugin(language);
        else {
          for (const file of language.files) guide.text(`services/visits/${file}`);
          skipped(this, `first plugin in ${language.name}`, missing);
        }
      });
      after(() => mesh.removePlugin('visits'));

      it('counts visits, as shown', async () => {
        const first = await eventually(() => guide.run('visit'));
        assert.deepEqual(JSON.parse(first), JSON.parse(guide.text('visited')));
        assert.equal(await counted(), 1);
        assert.match((await visits()).headers.get('content-type') ?? '', /^application\/json/);
      });

      it('counts every one of many at the same time', async () => {
        await Promise.all(Array.from({ length: 100 }, () => counted({ method: 'POST' })));
        assert.equal(await counted(), 101);
      });

      it('takes a query and a body that it does not need, and knows no other path', async () => {
        assert.equal((await visits('/?from=here')).status, 200);
        assert.equal(await counted({ method: 'POST', body: 'x'.repeat(100_000) }), 102);
        assert.equal((await visits('/healthz')).status, 200);
        for (const method of ['GET', 'POST']) {
          const response = await visits('/nowhere', { method });
          assert.ok(response.status === 404 || response.status === 405, String(response.status));
        }
      });

      // What 'plugmesh new' writes in the other languages is checked by its guide.
      if (language.isDefault === true)
        it('passes the check, as shown', async () => {
          const output = await guide.run('check');
          assert.ok(output.includes(`\n${guide.text('checked')}`), output);
        });

      it('counts from the setting that it is given, and is closed with one that does not fit', async () => {
        const settings = await readFile(mesh.file, 'utf8');
        await guide.configure('setting');
        await untilCount(41);
        assert.equal(await counted({ method: 'POST' }), 42);
        await writeFile(
          mesh.file,
          (await readFile(mesh.file, 'utf8')).replace('start = 41', 'start = "many"'),
        );
        assert.match(
          (await mesh.untilState('visits', 'invalid')).reason ?? '',
          /'plugins.visits.config.start'/,
        );
        await writeFile(mesh.file, settings);
        await untilCount(0);
      });

      if (language.name === 'TypeScript') it('tells browsers of each visit, once it publishes', hearsVisits);

      it('ends in order on SIGTERM and SIGINT', async () => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) {
          const alone = await startAlone(manifest);
          assert.deepEqual(await alone.kill(signal), { code: 0, signal: null }, alone.output);
        }
      });
    });
  }

  // The tests of a suite run before the suites in it; this one needs to be the last.
  describe('as a page', () => {
    it('has no code block that nothing checks', () => guide.assertFollowed());
  });
});
