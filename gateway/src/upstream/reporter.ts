import type { Log } from '@plugmesh/shared/log';
import { hostname } from 'node:os';
import type { InstanceReport } from './pools.ts';

const EVERY_MS = 5000;
const PATIENCE_MS = 4000;

/** What a reporter needs. */
export interface ReporterParts {
  /** Origin of the control process. */
  readonly control: () => string;
  readonly operatorToken: string;
  readonly instances: () => readonly InstanceReport[];
  readonly log: Log;
}

/** Tells the control process every 5 s how instances are seen from here, for `GET /mesh/plugins`. */
export class Reporter {
  readonly #parts: ReporterParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#report(), EVERY_MS);
    void this.#report();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #report(): Promise<void> {
    const { control, operatorToken, instances, log } = this.#parts;
    try {
      const response = await fetch(`${control()}/mesh/gateways/${hostname()}-${process.pid}`, {
        method: 'PUT',
        headers: {
          authorization: `Bearer ${operatorToken}`,
          'content-type': 'application/json',
          connection: 'close',
        },
        body: JSON.stringify({ instances: instances() }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      await response.body?.cancel();
      if (!response.ok) log.debug({ status: response.status }, 'mesh did not take the report of instances');
    } catch (error) {
      // Nobody waits for it, and the next one says the same.
      log.debug({ reason: String(error) }, 'mesh could not be told of instances');
    }
  }
}
