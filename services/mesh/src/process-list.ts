import type { Log } from '@plugmesh/shared/log';
import type { ManagedProcess, Pm2 } from '@plugmesh/shared/processes';

/** How old the list may get while everything runs, and while something is on its way up or down. */
const FRESH_MS = 15_000;
const MOVING_MS = 2000;
const MOVING = new Set(['launching', 'stopping', 'waiting restart']);

/** What pm2 runs, asked again only when a process ended or somebody says that it is stale: pm2 looks at every process for it. */
export class ProcessList {
  readonly #pm2: Pm2 | undefined;
  readonly #log: Log;
  #processes: readonly ManagedProcess[] = [];
  #listedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<readonly ManagedProcess[]> | undefined;

  constructor(pm2: Pm2 | undefined, log: Log) {
    this.#pm2 = pm2;
    this.#log = log;
  }

  /** Whether this mesh starts processes itself. */
  get isManaged(): boolean {
    return this.#pm2 !== undefined;
  }

  /** The processes, not older than `maxAgeMs`, and from pm2 anyway when one of them has ended since the last answer. */
  async current(maxAgeMs = FRESH_MS): Promise<readonly ManagedProcess[]> {
    const isMoving = this.#processes.some(({ status }) => MOVING.has(status));
    const isFresh =
      performance.now() - this.#listedAt < (isMoving ? Math.min(maxAgeMs, MOVING_MS) : maxAgeMs);
    const hasEnded = this.#processes.some(({ pid }) => pid !== undefined && !isAlive(pid));
    return isFresh && !hasEnded ? this.#processes : this.refresh();
  }

  /** Asks pm2 now; calls at the same time share one answer. */
  refresh(): Promise<readonly ManagedProcess[]> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<readonly ManagedProcess[]> {
    if (!this.#pm2) return this.#processes;
    try {
      this.#processes = await this.#pm2.list();
    } catch (error) {
      this.#log.warn({ err: error }, 'pm2 did not say what it runs; the last list stays');
    }
    this.#listedAt = performance.now();
    return this.#processes;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
