import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { packSdk } from '../sdk-package/index.ts';

const SDK = '@plugmesh/sdk';
const SETUP = '"setup": [["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"]],';

/** Whether what lies in a folder can import the SDK; the folder need not be there yet. */
export function seesSdk(folder: string): boolean {
  try {
    createRequire(join(folder, 'main.js')).resolve(SDK);
    return true;
  } catch {
    return false;
  }
}

/** Gives a plugin an SDK of its own: packed beside it, and installed by its setup. Resolves to the files that are new. */
export async function bringSdk(folder: string): Promise<string[]> {
  const file = join('vendor', basename(await packSdk(join(folder, 'vendor'))));
  const project = { private: true, dependencies: { [SDK]: `file:${file}` } };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(project, undefined, 2)}\n`);
  await change(join(folder, 'plugin.json'), '"run":', `${SETUP}\n  "run":`);
  await change(
    join(folder, 'README.md'),
    'npx node',
    'npm install               # what "setup" does\nnpx node',
  );
  return ['package.json', file];
}

async function change(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(from, to));
}
