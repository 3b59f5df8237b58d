/** A token bucket: `perSecond` at once, refilled evenly. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;
  #excess = 0;

  /** `now` answers in milliseconds. */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#tokens = perSecond;
    this.#filledAt = now();
  }

  /** Whether the client goes on regardless: three times what is allowed, for ten seconds. */
  get isExhausted(): boolean {
    return this.#excess > 10 * this.#perSecond;
  }

  /** Takes one, or answers after how many milliseconds there will be one. */
  take(): number {
    const now = this.#now();
    const gained = ((now - this.#filledAt) * this.#perSecond) / 1000;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + gained);
    this.#filledAt = now;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      this.#excess = Math.max(0, this.#excess - 1);
      return 0;
    }
    this.#excess += 1;
    return Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond);
  }
}
