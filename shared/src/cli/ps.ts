import type { CommandLine } from './command-line.ts';
import { MeshClient } from './mesh-client.ts';
import { print } from './report.ts';
import { configOfRunning } from './running-mesh.ts';
import { pluginTable, processTable } from './table.ts';

/** `plugmesh ps`: what runs. */
export async function ps({ options }: CommandLine): Promise<number> {
  const client = new MeshClient(configOfRunning(options));
  const [plugins, status] = await Promise.all([client.plugins(), client.status()]);
  print(options, { ...status, plugins }, `${pluginTable(plugins)}\n\n${processTable(status.processes)}`);
  return 0;
}
