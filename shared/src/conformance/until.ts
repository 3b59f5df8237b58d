import { setTimeout as delay } from 'node:timers/promises';

/** How long a condition is waited for, and what breaks the waiting off. */
export interface Patience {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const EVERY_MS = 25;

/** Asks until the answer is truthy, and resolves to it; to undefined at the deadline. Rejects when it is broken off. */
export async function until<Value>(
  ask: () => Value | Promise<Value>,
  { timeoutMs, signal }: Patience,
): Promise<Value | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const value = await ask();
    if (value) return value;
    if (performance.now() >= deadline) return undefined;
    await delay(EVERY_MS, undefined, { signal });
  }
}
