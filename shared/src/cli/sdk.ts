import { relative } from 'node:path';
import { packSdk } from '../sdk-package/index.ts';
import type { CommandLine } from './command-line.ts';

/** `plugmesh sdk`: the TypeScript library as a file that npm installs anywhere. */
export async function sdk({ operands }: CommandLine): Promise<number> {
  const [folder = '.'] = operands;
  const file = await packSdk(folder);
  process.stdout.write(`${relative(process.cwd(), file)}\n`);
  return 0;
}
