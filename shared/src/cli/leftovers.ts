import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/index.ts';
import { meshProcessIds } from '../processes/index.ts';

const POLL_MS = 25;

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
  return killed.size;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}
