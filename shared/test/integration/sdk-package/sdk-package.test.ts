import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOME } from '../../../src/processes/index.ts';
import { packSdk } from '../../../src/sdk-package/index.ts';

const README = join(HOME, 'shared/src/sdk/README.md');
/** Needed by its declarations alone. */
const TYPES_ONLY = ['@standard-schema/spec', '@types/express'];

describe('the package of the SDK, installed into an empty project', function () {
  this.timeout(240_000);
  let folder: string;

  const run = async (program: string, ...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder });
    return stdout;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plugmesh-sdk-user-'));
    const file = await packSdk(folder);
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }));
    await run('npm', 'install', '--no-audit', '--no-fund', '--loglevel', 'error', file);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('runs the plugin and the test of its README', async () => {
    const blocks = (await readFile(README, 'utf8')).matchAll(/^```\w+ (\S+)\n([^]*?)^```$/gm);
    const files = [...blocks].map(([, name = '', text = '']) => ({ name, text }));
    assert.deepEqual(
      files.map(({ name }) => name),
      ['plugin.json', 'main.mjs', 'test.mjs'],
    );
    for (const { name, text } of files) await writeFile(join(folder, name), text);
    assert.match(await run(process.execPath, '--test', 'test.mjs'), /pass 1\b[^]*fail 0\b/);
  });

  it('has types that fit, and errors where they do not', async () => {
    await copyFile(join(import.meta.dirname, 'typed.mts'), join(folder, 'typed.mts'));
    const compiler = join(HOME, 'node_modules/typescript/bin/tsc');
    const options = ['--strict', '--noEmit', '--target', 'es2024', '--module', 'nodenext', '--types', 'node'];
    try {
      await run(process.execPath, compiler, ...options, 'typed.mts');
    } catch (error) {
      assert.fail((error as { stdout: string }).stdout);
    }
  });

  it('depends on what it imports, and on nothing else', async () => {
    const installed = join(folder, 'node_modules/@plugmesh/sdk');
    const files = await readdir(join(installed, 'dist'), { recursive: true });
    const scripts = files.filter((file) => file.endsWith('.js'));
    const texts = await Promise.all(scripts.map((file) => readFile(join(installed, 'dist', file), 'utf8')));
    const imported = texts.flatMap((text) => [
      ...text.matchAll(/ from "([^".][^"]*)"| from '([^'.][^']*)'/g),
    ]);
    const packages = new Set(
      imported.map(([, a, b]) => a ?? b ?? '').filter((name) => !name.startsWith('node:')),
    );
    const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
      dependencies: object;
    };
    assert.deepEqual([...packages, ...TYPES_ONLY].sort(), Object.keys(dependencies).sort());
  });

  it('holds nothing but what was built, the README and the licence', async () => {
    const entries = await readdir(join(folder, 'node_modules/@plugmesh/sdk'));
    assert.deepEqual(entries.sort(), ['LICENSE', 'README.md', 'dist', 'package.json']);
  });
});
