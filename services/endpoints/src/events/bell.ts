import { setTimeout as delay } from 'node:timers/promises';

/** Ends a wait. Rung while nobody waits, it ends the next one at once. */
export class Bell {
  #isRung = false;
  #end: AbortController | undefined;

  ring(): void {
    this.#isRung = true;
    this.#end?.abort();
  }

  /** Until it is rung, until the time is over, or until `signal`. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    this.#end = new AbortController();
    if (!this.#isRung)
      await delay(ms, undefined, { signal: AbortSignal.any([signal, this.#end.signal]) }).catch(
        () => undefined,
      );
    this.#end = undefined;
    this.#isRung = false;
  }
}
