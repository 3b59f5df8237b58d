import { MeshError } from '../errors/index.ts';
import { loadMeshConfig } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';
import { MeshClient } from './mesh-client.ts';

/** `plugmesh enable` and `plugmesh disable`. */
export async function setEnabled(
  { command, operands, options }: CommandLine,
  enabled: boolean,
): Promise<number> {
  const [id] = operands;
  if (id === undefined) throw new MeshError('MESH_USAGE', `'${command}' needs a plugin's name`);
  await new MeshClient(loadMeshConfig(options.config)).setEnabled(id, enabled);
  process.stdout.write(`${id} is ${enabled ? 'enabled' : 'disabled'}\n`);
  return 0;
}
