import { join } from 'node:path';
import { freePort, startProcess, type RunningProcess } from '@plugmesh/shared/testing';

const PLUGIN = join(import.meta.dirname, 'fault-plugin.ts');

/** One process of a plugin, which can be killed, stopped, and told to do wrong. */
export class FaultInstance {
  readonly port: number;
  #running: RunningProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<FaultInstance> {
    const instance = new FaultInstance(await freePort());
    await instance.resume();
    return instance;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it again on the same port, after `kill`. */
  async resume(): Promise<void> {
    this.#running = await startProcess(['node', PLUGIN], {
      env: { PORT: String(this.port) },
      ready: /listening/,
    });
  }

  async kill(): Promise<void> {
    await this.#running?.kill();
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#running?.child.kill(signal);
  }

  /** From now on it answers that way (fault-plugin.ts has the table). */
  async does(way: string): Promise<void> {
    const query = new URLSearchParams({ way }).toString();
    const { status } = await fetch(`${this.url}/does?${query}`, {
      method: 'POST',
      headers: { connection: 'close' },
    });
    if (status !== 204) throw new Error(`the plugin does not know how to do '${way}'`);
  }
}
