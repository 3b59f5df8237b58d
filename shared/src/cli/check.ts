import { readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { MeshError } from '../errors/index.ts';
import { parseManifest } from '../manifest/index.ts';
import { missingRequirement } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';

/** `plugmesh check`: every problem of a manifest. */
export async function check({ operands }: CommandLine): Promise<number> {
  const [folder] = operands;
  if (folder === undefined) throw new MeshError('MESH_USAGE', "'check' needs a plugin's folder");
  const absolute = resolve(folder);
  const file = join(absolute, 'plugin.json');
  const manifest = parseManifest(read(file), file, {
    id: basename(absolute),
    shownAs: relative(process.cwd(), file),
  });
  const missing = await missingRequirement(manifest);
  if (missing !== undefined) throw new MeshError('MESH_REQUIREMENT_MISSING', missing);
  process.stdout.write(`✔ ${manifest.name}: the manifest is valid and what it requires is installed\n`);
  return 0;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new MeshError('MESH_USAGE', `'${file}' cannot be read`, {
      fix: 'name the folder of a plugin.json',
      cause,
    });
  }
}
