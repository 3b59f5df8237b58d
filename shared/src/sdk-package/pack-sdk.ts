import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { processEnvironment } from '../config/index.ts';
import { HOME, programPath } from '../processes/index.ts';

const SDK = join(HOME, 'shared/src/sdk');

/** Where the published package has what the workspace has as `.ts`. */
const EXPORTS = {
  '.': { types: './dist/sdk/index.d.ts', default: './dist/sdk/index.js' },
  './testing': { types: './dist/sdk/testing/index.d.ts', default: './dist/sdk/testing/index.js' },
};

/**
 * Builds `@plugmesh/sdk` as it is published, JavaScript with declarations, and packs it. Resolves to the file
 * `plugmesh-sdk-<version>.tgz` in `folder`, for `npm install`.
 */
export async function packSdk(folder: string): Promise<string> {
  const stage = await mkdtemp(join(tmpdir(), 'plugmesh-sdk-'));
  try {
    const workspace = JSON.parse(await readFile(join(SDK, 'package.json'), 'utf8')) as PackageJson;
    await mkdir(folder, { recursive: true });
    await build(join(stage, 'dist'));
    await writeFile(join(stage, 'package.json'), JSON.stringify(published(workspace), undefined, 2));
    await copyFile(join(SDK, 'README.md'), join(stage, 'README.md'));
    await copyFile(join(HOME, 'LICENSE'), join(stage, 'LICENSE'));
    await run('npm', ['pack', '--silent', '--pack-destination', resolve(folder)], stage);
    return join(resolve(folder), `plugmesh-sdk-${workspace.version}.tgz`);
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
