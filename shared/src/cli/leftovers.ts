import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/index.ts';
import { listeningPorts, meshProcessIds, portHolder } from '../processes/index.ts';

const POLL_MS = 25;
const RELEASE_MS = 3_000;

/** Ends what is left of a mesh at once. Resolves to how many processes that were. */
export async function killLeftovers(config: Config): Promise<number> {
  const killed = new Set<number>();
  // What has just been started by one of them is found in the next round.
  for (let pids = meshProcessIds(config); pids.length > 0; pids = meshProcessIds(config)) {
    for (const pid of pids) {
      killed.add(pid);
      kill(pid);
    }
    await delay(POLL_MS);
  }
  if (killed.size > 0) await untilReleased(config);
  return killed.size;
}

/** A killed process with many threads is gone a moment before its sockets are: then nobody holds a port that is taken. */
async function untilReleased({ gateway, channel, mesh }: Config): Promise<void> {
  const deadline = performance.now() + RELEASE_MS;
  const isDangling = ({ port }: { readonly port: number }): boolean =>
    listeningPorts().has(port) && portHolder(port) === undefined;
  while ([gateway, channel, mesh].some(isDangling) && performance.now() < deadline) await delay(POLL_MS);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}
