import { setTimeout as sleep } from 'node:timers/promises';

/** Time as a plugin reads it and waits for it, so that a test can turn it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after so many milliseconds. Rejects with an AbortError as soon as `signal` is aborted. */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  delay: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
