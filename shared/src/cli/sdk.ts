import { relative } from 'node:path';
import { packSdk } from '../sdk-package/index.ts';
import type { CommandLine } from './command-line.ts';
import { print } from './report.ts';

/** `plugmesh sdk`: the TypeScript library as a file that npm installs anywhere. */
export async function sdk({ operands, options }: CommandLine): Promise<number> {
  const [folder = '.'] = operands;
  const file = await packSdk(folder);
  const shown = relative(process.cwd(), file);
  print(options, { file: shown }, shown);
  return 0;
}
