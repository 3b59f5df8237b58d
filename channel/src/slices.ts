/** What is done in slices. */
export interface SlicesOptions<Task> {
  /** How long tasks run, in milliseconds, before everything else has its turn. */
  readonly ms: number;
  /** Works on a task, at least a little; answers whether it is done. */
  readonly run: (task: Task) => boolean;
  /** In milliseconds. */
  readonly now?: () => number;
}

/** Tasks in the order in which they came: at once when time allows, else in the next turns of the event loop. */
export class Slices<Task> {
  readonly #ms: number;
  readonly #run: (task: Task) => boolean;
  readonly #now: () => number;
  #waiting: Task[] = [];
  #endsAt = 0;

  constructor({ ms, run, now = () => performance.now() }: SlicesOptions<Task>) {
    this.#ms = ms;
    this.#run = run;
    this.#now = now;
  }

  /** Whether other work should have its turn. */
  get isOver(): boolean {
    return this.#now() > this.#endsAt;
  }

  /** Runs a task; answers whether it is done, or goes on later. */
  add(task: Task): boolean {
    if (this.#endsAt === 0) this.#start();
    if (this.#waiting.length === 0 && !this.isOver && this.#run(task)) return true;
    this.#waiting.push(task);
    return false;
  }

  /** Finishes the oldest task that waits, however long that takes. */
  finishOldest(): void {
    const [task] = this.#waiting;
    if (task === undefined) return;
    for (let isDone = false; !isDone;) isDone = this.#run(task);
    this.#waiting.shift();
  }

  #start(): void {
    this.#endsAt = this.#now() + this.#ms;
    setImmediate(() => this.#continue());
  }

  #continue(): void {
    this.#endsAt = 0;
    if (this.#waiting.length === 0) return;
    this.#start();
    let done = 0;
    for (const task of this.#waiting) {
      if (this.isOver || !this.#run(task)) break;
      done++;
    }
    this.#waiting.splice(0, done);
  }
}
