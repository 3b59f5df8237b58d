import type { CommandLine } from './command-line.ts';
import { MeshClient } from './mesh-client.ts';
import { print } from './report.ts';
import { configOfRunning } from './running-mesh.ts';

/** `plugmesh enable` and `plugmesh disable`. */
export async function setEnabled({ operands, options }: CommandLine, enabled: boolean): Promise<number> {
  const [id = ''] = operands;
  const changed = await new MeshClient(configOfRunning(options)).setEnabled(id, enabled);
  print(options, changed, `${id} is ${enabled ? 'enabled' : 'disabled'}`);
  return 0;
}
