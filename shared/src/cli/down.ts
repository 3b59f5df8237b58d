import { setTimeout as delay } from 'node:timers/promises';
import { MeshError } from '../errors/index.ts';
import { isAlive, loadMeshConfig } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';
import { killLeftovers, refuseOtherPm2 } from './leftovers.ts';
import { print } from './report.ts';
import { forgetUp, runningUp } from './run-record.ts';

const POLL_MS = 50;

/** `plugmesh down`: stops the mesh of another terminal, or ends what is left of one. */
export async function down({ options }: CommandLine): Promise<number> {
  const config = loadMeshConfig(options.config);
  const pid = runningUp(config);
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM');
    while (isAlive(pid)) await delay(POLL_MS);
  }
  if (pid === undefined) refuseOtherPm2(config);
  const killed = await killLeftovers(config);
  forgetUp(config);
  if (pid === undefined && killed === 0) throw new MeshError('MESH_NOT_RUNNING', 'there is nothing to stop');
  const text = pid === undefined ? `Ended ${killed} processes that were left.` : 'Stopped.';
  print(options, { stopped: pid !== undefined, ended: killed }, text);
  return 0;
}
