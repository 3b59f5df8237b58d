import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@plugmesh/shared/sdk';
import type { Redis } from './records/redis-work.ts';

const LOOK_EVERY_MS = 2000;
/** It is gone when Redis has lost what it knew. */
const WRITTEN = 'accounts:written';

/**
 * Brings Redis up to the database: at the start, whenever Redis comes back, and when it has lost what it knew. Runs
 * until `signal`; what fails is tried again.
 */
export async function stayInStep(
  redis: Redis,
  { bringUp, log, signal }: { bringUp: () => Promise<void>; log: Log; signal: AbortSignal },
): Promise<void> {
  let isDue = true;
  const onReady = (): void => void (isDue = true);
  redis.on('ready', onReady);
  try {
    while (!signal.aborted) {
      try {
        if (isDue || (await redis.exists(WRITTEN)) === 0) {
          isDue = false;
          await bringUp();
          await redis.set(WRITTEN, '1');
        }
      } catch (error) {
        isDue = true;
        log.debug({ err: error }, 'Redis could not be brought up to the accounts; trying again');
      }
      await delay(LOOK_EVERY_MS, undefined, { signal });
    }
  } finally {
    redis.off('ready', onReady);
  }
}
