import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@plugmesh/sdk';
import type { Redis } from './records/redis-part.ts';

/** What keeping in step needs. */
export interface InStepOptions {
  readonly redis: Redis;
  /** A key that is gone when Redis has lost what it knew. */
  readonly written: string;
  readonly log: Log;
}

const LOOK_EVERY_MS = 2000;

/** Keeps Redis in step with the database: at the start, whenever it comes back, has lost what it knew, or has refused. */
export class InStep {
  readonly #options: InStepOptions;
  #isDue = true;

  constructor(options: InStepOptions) {
    this.#options = options;
  }

  /** Redis may be behind: it is brought up within seconds. */
  due(): void {
    this.#isDue = true;
  }

  /** Runs until `signal`; what fails is tried again. */
  async run(bringUp: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { redis } = this.#options;
    const onReady = (): void => this.due();
    redis.on('ready', onReady);
    try {
      while (!signal.aborted) {
        await this.#look(bringUp);
        await delay(LOOK_EVERY_MS, undefined, { signal });
      }
    } finally {
      redis.off('ready', onReady);
    }
  }

  async #look(bringUp: () => Promise<void>): Promise<void> {
    const { redis, written, log } = this.#options;
    try {
      if (!this.#isDue && (await redis.exists(written)) === 1) return;
      // Before the work: what fails meanwhile makes it due again.
      this.#isDue = false;
      await bringUp();
      await redis.set(written, '1');
    } catch (error) {
      this.due();
      log.debug({ err: error }, 'Redis could not be brought up to the accounts; trying again');
    }
  }
}
