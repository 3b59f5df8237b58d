/** Which numbers came, and how often, to one client on one topic. */
export class Tally {
  newest = 0;
  seen = 0;
  outOfOrder = 0;
  #counts = new Uint8Array(4096);

  add(n: number): void {
    this.seen++;
    if (n <= this.newest) this.outOfOrder++;
    this.newest = Math.max(this.newest, n);
    if (n >= this.#counts.length) this.#grow(n);
    this.#counts[n] = Math.min(255, this.count(n) + 1);
  }

  count(n: number): number {
    return this.#counts[n] ?? 0;
  }

  #grow(n: number): void {
    const larger = new Uint8Array(2 ** Math.ceil(Math.log2(n + 1)));
    larger.set(this.#counts);
    this.#counts = larger;
  }
}
