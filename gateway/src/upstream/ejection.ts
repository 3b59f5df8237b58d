/** Failures in a row that put an instance out, for how long, and how often that grows; Envoy's defaults. */
const FAILURES = 5;
export const OUT_MS = 30_000;
const LONGEST = 10;

/** What requests have found out about an instance: five failures in a row leave it out for 30 s, then for 60 s, and so on. */
export class Ejection {
  #failures = 0;
  #times = 0;
  #until = -Infinity;
  #forgivenAt = -Infinity;

  /** Whether it has failed so often that it should be out. */
  get isDue(): boolean {
    return this.#failures >= FAILURES;
  }

  /** Milliseconds of the clock that `eject` was given. */
  isOut(now: number): boolean {
    return now < this.#until;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures += 1;
  }

  /** Forgets all that was held against it. */
  pardon(): void {
    this.#failures = 0;
    this.#times = 0;
    this.#until = -Infinity;
  }

  /** Leaves it out from now on; returns for how many milliseconds. */
  eject(now: number): number {
    // Who has behaved as long as it was out begins anew.
    this.#times = now >= this.#forgivenAt ? 1 : Math.min(this.#times + 1, LONGEST);
    const durationMs = OUT_MS * this.#times;
    this.#failures = 0;
    this.#until = now + durationMs;
    this.#forgivenAt = this.#until + durationMs;
    return durationMs;
  }
}
