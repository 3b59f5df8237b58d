import { cpus } from 'node:os';

/** Processor time since boot in milliseconds, over all cores. */
interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

function readCpuTimes(): CpuTimes {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used;
    total += used + times.idle;
  }
  return { busy, total };
}

/** The share of processor time used between two samples, over all cores. */
export class CpuLoad {
  #last = readCpuTimes();
  #percent = 0;

  /** Percent of all cores, 0 to 100, in the time between the last two samples. */
  get percent(): number {
    return this.#percent;
  }

  /** Takes a sample. */
  sample(): void {
    const now = readCpuTimes();
    const total = now.total - this.#last.total;
    // Two samples within one clock tick say nothing: keep what was known.
    if (total > 0) this.#percent = Math.round(((now.busy - this.#last.busy) / total) * 1000) / 10;
    this.#last = now;
  }
}
