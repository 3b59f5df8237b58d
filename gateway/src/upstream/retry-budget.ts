/** Retries per request, and how many may come at once when an instance dies with all that it was working on. */
const SHARE = 0.2;
const BURST = 100;

/** Limits retries to a fifth of the requests, so that a plugin that fails is not asked twice as much for it. */
export class RetryBudget {
  #left = BURST;

  /** One request came. */
  earn(): void {
    this.#left = Math.min(BURST, this.#left + SHARE);
  }

  /** Takes one retry, if there is one left. */
  spend(): boolean {
    // What is earned in fifths never sums up to exactly one.
    if (this.#left < 1 - SHARE / 2) return false;
    this.#left -= 1;
    return true;
  }
}
