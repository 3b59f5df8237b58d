import { setTimeout as delay } from 'node:timers/promises';
import { CpuLoad } from './cpu-load.ts';
import { NetworkRates, type InterfaceReport } from './network-rates.ts';
import { nodeUpdates, systemReport, type SystemReport } from './system-report.ts';

/** Sends one message to the browsers joined to a topic. */
export type Publish = (topic: string, event: string, payload: unknown) => Promise<unknown>;

const SAMPLE_EVERY_MS = 1000;

/** Samples this machine every second and publishes what it sees. Questions are answered from the last sample. */
export class SystemMonitor {
  readonly #cpu = new CpuLoad();
  readonly #network = new NetworkRates();

  /** What `GET /` answers. */
  report(): SystemReport {
    return systemReport(this.#cpu.percent);
  }

  /** What `GET /net` answers, and the event `net` carries. */
  interfaces(): InterfaceReport[] {
    return this.#network.report();
  }

  /** Samples and publishes until `signal`. */
  async run(publish: Publish, signal: AbortSignal): Promise<void> {
    await this.#network.sample();
    while (!signal.aborted) {
      await delay(SAMPLE_EVERY_MS, undefined, { signal });
      this.#cpu.sample();
      await this.#network.sample();
      await this.#publish(publish);
    }
  }

  async #publish(publish: Publish): Promise<void> {
    const updates = nodeUpdates(this.report(), new Date());
    await Promise.all([
      ...updates.map((update) => publish('system', 'update-node', update)),
      publish('system', 'net', this.interfaces()),
    ]);
  }
}
