import { setTimeout as delay } from 'node:timers/promises';

/** How long `eventually` tries, and how often. */
export interface EventuallyOptions {
  /** Default 5000. */
  readonly timeoutMs?: number;
  /** Pause between two tries; by default 20, and the longer the wait is the longer: asking often slows what is waited for. */
  readonly everyMs?: number;
  /** What is waited for; named when it does not come. */
  readonly what?: string;
}

const LEAST_PAUSE_MS = 20;
/** Of the time that was waited already. */
const PAUSE_SHARE = 0.05;

type Truthy<Value> = Exclude<Value, false | null | undefined | 0 | ''>;

/**
 * Tries `check` until it neither throws nor answers something falsy, and resolves to its answer.
 * Rejects at the deadline with the last error of `check`, so that a failing assertion is what the report shows;
 * a check that only asserts ends with `return true`.
 */
export async function eventually<Value>(
  check: () => Value | Promise<Value>,
  options: EventuallyOptions = {},
): Promise<Truthy<Value>> {
  const { timeoutMs = 5000, everyMs, what = 'the condition' } = options;
  const startedAt = performance.now();
  const pause = (): number =>
    everyMs ?? Math.max(LEAST_PAUSE_MS, PAUSE_SHARE * (performance.now() - startedAt));
  for (;;) {
    let problem: unknown;
    try {
      const value = await check();
      if (value) return value as Truthy<Value>;
      problem = new Error(
        `${what} did not hold within ${timeoutMs} ms; the last answer was '${String(value)}'`,
      );
    } catch (error) {
      problem = error;
    }
    if (performance.now() - startedAt >= timeoutMs) throw problem;
    await delay(pause());
  }
}
