import { loadMeshConfig } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';
import { MeshClient } from './mesh-client.ts';
import { pluginTable, processTable } from './table.ts';

/** `plugmesh ps`: what runs. */
export async function ps({ options }: CommandLine): Promise<number> {
  const client = new MeshClient(loadMeshConfig(options.config));
  const [plugins, status] = await Promise.all([client.plugins(), client.status()]);
  const text = options.json
    ? JSON.stringify({ ...status, plugins }, undefined, 2)
    : `${pluginTable(plugins)}\n\n${processTable(status.processes)}`;
  process.stdout.write(`${text}\n`);
  return 0;
}
