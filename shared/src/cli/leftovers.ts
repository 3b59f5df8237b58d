import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import {
  daemonPid,
  killNow,
  listeningPorts,
  meshProcessIds,
  pm2Home,
  portHolder,
  variableOf,
} from '../processes/index.ts';

const POLL_MS = 25;
const RELEASE_MS = 3_000;

/** Ends what is left of a mesh at once. Resolves to how many processes that were. */
export async function killLeftovers(config: Config): Promise<number> {
  const killed = new Set<number>();
  // What has just been started by one of them is found in the next round.
  for (let pids = meshProcessIds(config); pids.length > 0; pids = meshProcessIds(config)) {
    for (const pid of pids) {
      killed.add(pid);
      killNow(pid);
    }
    await delay(POLL_MS);
  }
  if (killed.size > 0) await untilReleased(config);
  return killed.size;
}

/** Throws when a pm2 that is not ours runs this mesh: nothing of it is left over. */
export function refuseOtherPm2(config: Config): void {
  const homes = new Set(meshProcessIds(config).map((pid) => variableOf(pid, 'PM2_HOME')));
  for (const home of homes) {
    const daemon = home === undefined || home === pm2Home(config) ? undefined : daemonPid(home);
    if (daemon === undefined) continue;
    throw new MeshError(
      'MESH_ALREADY_RUNNING',
      `this mesh is run by pm2 (process ${daemon}, PM2_HOME=${home ?? ''})`,
      {
        fix: 'stop it there: npx pm2 kill',
      },
    );
  }
}

/** A killed process with many threads is gone a moment before its sockets are: then nobody holds a port that is taken. */
async function untilReleased({ gateway, channel, mesh }: Config): Promise<void> {
  const deadline = performance.now() + RELEASE_MS;
  const isDangling = ({ port }: { readonly port: number }): boolean =>
    listeningPorts().has(port) && portHolder(port) === undefined;
  while ([gateway, channel, mesh].some(isDangling) && performance.now() < deadline) await delay(POLL_MS);
}
