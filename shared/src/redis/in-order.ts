/** Runs handlers one after the other: at once while they answer at once, behind one another when one is slow. */
export class InOrder {
  readonly #report: (error: unknown) => void;
  #last: Promise<void> | undefined;

  /** `report` hears of handlers that fail; the next one runs all the same. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  run(handle: () => Promise<void> | void): void {
    if (this.#last) this.#remember(this.#last.then(handle));
    else this.#runNow(handle);
  }

  /** Resolves when everything handed in so far is done. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #runNow(handle: () => Promise<void> | void): void {
    try {
      const result = handle();
      if (result) this.#remember(result);
    } catch (error) {
      this.#report(error);
    }
  }

  #remember(running: Promise<void>): void {
    const last = running.catch(this.#report).finally(() => {
      if (this.#last === last) this.#last = undefined;
    });
    this.#last = last;
  }
}
