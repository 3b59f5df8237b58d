import type { CommandLine } from './command-line.ts';
import { MeshClient, type ReloadView } from './mesh-client.ts';
import { configOfRunning } from './running-mesh.ts';

/** `plugmesh reload`: the next generation of a plugin takes over from the one that runs. */
export async function reload({ operands, options }: CommandLine): Promise<number> {
  const client = new MeshClient(configOfRunning(options));
  for (const id of operands) {
    const reloaded = await client.reload(id);
    process.stdout.write(`${options.json ? JSON.stringify(reloaded) : describeReload(reloaded)}\n`);
  }
  return 0;
}

/** What a reload came to, in one line. */
export function describeReload({ id, state, how, readyMs = 0, generation = 1 }: ReloadView): string {
  if (how === 'start') return `${id} did not run; now it is ${state}`;
  const gap = how === 'restart' ? ', with a gap' : `, generation ${generation}`;
  return `✔ ${id} is reloaded (ready after ${readyMs} ms${gap})`;
}
