import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { processEnvironment } from '../config/index.ts';
import { HOME, programPath } from '../processes/index.ts';

const SDK = join(HOME, 'shared/src/sdk');

/** Where the published package has what the workspace has as `.ts`. */
const EXPORTS = {
  '.': { types: './dist/sdk/index.d.ts', default: './dist/sdk/index.js' },
  './testing': { types: './dist/sdk/testing/index.d.ts', default: './dist/sdk/testing/index.js' },
};

/** What was packed before, by what it was made of: the compiler takes seconds. */
const KEPT = join(HOME, 'node_modules/.cache/plugmesh-sdk');
const MADE_OF = [
  'shared/src/**/*.ts',
  'shared/src/sdk/*.{json,md}',
  'tsconfig.json',
  'package-lock.json',
  'LICENSE',
];

/**
 * Builds `@plugmesh/sdk` as it is published, JavaScript with declarations, and packs it. Resolves to the file
 * `plugmesh-sdk-<version>.tgz` in `folder`, for `npm install`.
 */
export async function packSdk(folder: string): Promise<string> {
  const workspace = JSON.parse(await readFile(join(SDK, 'package.json'), 'utf8')) as PackageJson;
  const file = join(resolve(folder), `plugmesh-sdk-${workspace.version}.tgz`);
  const kept = join(KEPT, `${await fingerprint()}.tgz`);
  await mkdir(folder, { recursive: true });
  if (existsSync(kept)) {
    await copyFile(kept, file);
    return file;
  }
  await buildAndPack(workspace, dirname(file));
  // An installation of somebody else keeps nothing, and builds it again next time.
  await keep(file, kept).catch(() => undefined);
  return file;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of globSync(MADE_OF, { cwd: HOME }).sort())
    hash.update(`${file}\0`).update(await readFile(join(HOME, file)));
  return hash.digest('hex').slice(0, 32);
}

/** Whole or not at all: others may be looking for it. */
async function keep(file: string, kept: string): Promise<void> {
  await mkdir(KEPT, { recursive: true });
  const unfinished = `${kept}.${randomUUID()}`;
  await copyFile(file, unfinished);
  await rename(unfinished, kept);
}

async function buildAndPack(workspace: PackageJson, folder: string): Promise<void> {
  const stage = await mkdtemp(join(tmpdir(), 'plugmesh-sdk-'));
  try {
    await build(join(stage, 'dist'));
    await writeFile(join(stage, 'package.json'), JSON.stringify(published(workspace), undefined, 2));
    await copyFile(join(SDK, 'README.md'), join(stage, 'README.md'));
    await copyFile(join(HOME, 'LICENSE'), join(stage, 'LICENSE'));
    await run('npm', ['pack', '--silent', '--pack-destination', folder], stage);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly description: string;
  readonly license: string;
  readonly engines: object;
  readonly dependencies: object;
}

/** The workspace's own, but built, and no longer private. */
function published({
  name,
  version,
  type,
  description,
  license,
  engines,
  dependencies,
}: PackageJson): object {
  return {
    name,
    version,
    description,
    license,
    type,
    engines,
    exports: EXPORTS,
    files: ['dist'],
    dependencies,
  };
}

async function build(outDir: string): Promise<void> {
  const compiler = join(HOME, 'node_modules/typescript/bin/tsc');
  const project = join(SDK, 'tsconfig.build.json');
  await run(process.execPath, [compiler, '-p', project, '--outDir', outDir], HOME);
}

async function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  const env = processEnvironment();
  await promisify(execFile)(program, args, { cwd, env: { ...env, PATH: programPath(env) } });
}
