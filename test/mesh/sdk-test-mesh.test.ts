import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@plugmesh/shared/config';
import { meshProcessIds } from '@plugmesh/shared/processes';
import { eventually, startProcess, type RunningProcess } from '@plugmesh/shared/testing';

const ROOT = join(import.meta.dirname, '../..');

const MANIFEST = { run: ['node', 'main.mjs'], http: { guard: 'session' } };
const DIARY = `
import { definePlugin } from '@plugmesh/sdk';
definePlugin({
  setup({ session, identify }) {
    session.get('/me', async (request, response) => void response.json({ name: (await identify(request)).name }));
  },
});`;
const BROKEN = `
import { definePlugin } from '@plugmesh/sdk';
definePlugin({ setup() { throw new Error('there is no ink'); } });`;
/** Whoever interrupts a test ends it without \`stop\`. */
const FORGETFUL = `
import { createTestMesh } from '@plugmesh/sdk/testing';
await createTestMesh({ plugins: ['broken'] }).catch(({ message }) => console.log(message));
await createTestMesh({ plugins: ['nowhere'] }).catch(({ message }) => console.log(message));
await createTestMesh({ plugins: ['diary'] });
process.exit(3);`;

describe('createTestMesh, outside of the repository', function () {
  this.timeout(200_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plugmesh-author-'));
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const [name, code] of Object.entries({ diary: DIARY, broken: BROKEN })) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'plugin.json'), JSON.stringify({ name, ...MANIFEST }));
      await writeFile(join(folder, name, 'main.mjs'), code);
    }
    await mkdir(join(folder, 'tmp'));
  });
  // Its launcher ends behind its processes.
  after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));

  const run = async (...argv: string[]): Promise<RunningProcess> => {
    const env = { HOME: folder, PLUGMESH_HOME: ROOT, TMPDIR: join(folder, 'tmp') };
    const running = await startProcess(['node', ...argv], { cwd: folder, env });
    await running.exited;
    return running;
  };

  it('runs the test of its reference, which ends by itself and leaves nothing', async () => {
    const reference = await readFile(join(ROOT, 'docs/reference/sdk.md'), 'utf8');
    const [, code = ''] = /^```js mesh\.test\.mjs\n([^]*?)^```$/m.exec(reference) ?? [];
    await writeFile(join(folder, 'mesh.test.mjs'), code);
    const { output } = await run('--test', 'mesh.test.mjs');
    assert.match(output, /pass 1\b[^]*fail 0\b/, output);
    assert.deepEqual(await readdir(join(folder, 'tmp')), []);
  });

  it('says why a plugin is not ready, and ends its processes when the test forgets to', async () => {
    await writeFile(join(folder, 'forgetful.mjs'), FORGETFUL);
    const { output } = await run('forgetful.mjs');
    assert.match(output, /'broken' is disabled: there is no ink[^]*nowhere/);
    // Only the folder of the one that nobody has stopped.
    const [left = '', ...others] = (await readdir(join(folder, 'tmp'))).filter((name) =>
      /^plugmesh-test/.test(name),
    );
    assert.deepEqual(others, []);
    const config = loadConfig({ file: join(folder, 'tmp', left, 'plugmesh.toml'), env: {} });
    await eventually(() => meshProcessIds(config).length === 0, { timeoutMs: 30_000 });
  });
});
