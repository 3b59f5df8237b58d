import { join } from 'node:path';
import { eventually, startProcess, type RunningProcess } from '@plugmesh/shared/testing';

const PRIMARY = join(import.meta.dirname, 'cluster-primary.ts');
const MAIN = join(import.meta.dirname, '../../../channel/src/main.ts');

const ANSWER_MS = 2000;

/** Channel processes on one port; one that ends is replaced at once. */
export class Channels {
  readonly url: string;
  readonly count: number;
  readonly #running: RunningProcess;

  private constructor(url: string, count: number, running: RunningProcess) {
    this.url = url;
    this.count = count;
    this.#running = running;
  }

  static async start(options: { file: string; port: number; count: number }): Promise<Channels> {
    const { file, port, count } = options;
    const running = await startProcess(['node', PRIMARY, MAIN, String(count)], {
      env: { PLUGMESH_FILE: file },
    });
    const channels = new Channels(`http://127.0.0.1:${port}`, count, running);
    await channels.untilReady();
    return channels;
  }

  /** Those that accept connections, the oldest first. */
  get pids(): number[] {
    const all = [...this.#running.output.matchAll(/^ready (\d+)$/gm)].map(([, pid]) => Number(pid));
    return all.filter(isRunning);
  }

  /** Asks often enough that every process answers. */
  async untilReady(): Promise<void> {
    await eventually(async () => this.pids.length === this.count && (await this.areReady()), {
      timeoutMs: 30_000,
    });
  }

  async areReady(): Promise<boolean> {
    const answers = Array.from({ length: 2 * this.count }, async () => {
      const response = await fetch(`${this.url}/readyz`, {
        headers: { connection: 'close' },
        // The cluster module forgets a connection that it was handing to a worker that is killed.
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      return response.ok;
    });
    return (await Promise.all(answers)).every(Boolean);
  }

  /** Sends it to one after the other, each when the one before has a successor that is ready. */
  async replaceEach(signal: NodeJS.Signals): Promise<void> {
    for (const pid of this.pids) await this.replace(pid, signal);
  }

  /** Sends it to one and waits for its successor. */
  async replace(pid: number, signal: NodeJS.Signals): Promise<void> {
    this.signal(pid, signal);
    await eventually(() => !isRunning(pid), { timeoutMs: 60_000, what: `the end of ${pid}` });
    await this.untilReady();
  }

  signal(pid: number, signal: NodeJS.Signals): void {
    process.kill(pid, signal);
  }

  async stop(): Promise<void> {
    const { pids } = this;
    await this.#running.kill();
    for (const pid of pids) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
