import { Agent, request, type OutgoingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What became of requests of one kind. Times in seconds. */
export interface Account {
  readonly sent: number;
  /** Not answered with 200, the right number and a whole body. */
  readonly failed: number;
  /** How: status, or `cut` for an answer or a connection that broke off. */
  readonly failures: Readonly<Record<string, number>>;
  /** The longest time that a request took, whatever came of it. */
  readonly longestStall: number;
  /** How many took longer than a second. */
  readonly stalled: number;
  /** The longest time without a good answer. */
  readonly longestGap: number;
  readonly p99: number;
}

/** What is sent. */
export interface LoadKind {
  readonly origin: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: OutgoingHttpHeaders;
  readonly perSecond: number;
}

const TICK_MS = 10;
const PATIENCE_MS = 60_000;
const STALLED_MS = 1000;

/** Sends requests at a steady rate, however long answers take, and accounts for every one. */
export class SteadyLoad {
  readonly #kind: LoadKind;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #ending = new AbortController();
  readonly #times: number[] = [];
  readonly #goodAt: number[] = [];
  readonly #failures: Record<string, number> = {};
  readonly #open = new Set<Promise<void>>();
  #sent = 0;
  #loop: Promise<void> | undefined;

  constructor(kind: LoadKind) {
    this.#kind = kind;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Sends no more, waits for what is on its way, and says what became of all. */
  async stop(): Promise<Account> {
    this.#ending.abort();
    await this.#loop;
    await Promise.all(this.#open);
    this.#agent.destroy();
    const times = this.#times.toSorted((a, b) => a - b);
    const gaps = this.#goodAt.map((at, n) => at - (this.#goodAt[n - 1] ?? at));
    return {
      sent: this.#sent,
      failed: Object.values(this.#failures).reduce((sum, count) => sum + count, 0),
      failures: this.#failures,
      longestStall: seconds(times.at(-1) ?? 0),
      stalled: times.filter((time) => time > STALLED_MS).length,
      longestGap: seconds(Math.max(0, ...gaps)),
      p99: seconds(times[Math.floor(times.length * 0.99)] ?? 0),
    };
  }

  async #run(): Promise<void> {
    const beganAt = performance.now();
    while (!this.#ending.signal.aborted) {
      const due = ((performance.now() - beganAt) * this.#kind.perSecond) / 1000;
      while (this.#sent < due) this.#send(++this.#sent);
      await delay(TICK_MS);
    }
  }

  #send(n: number): void {
    const sentAt = performance.now();
    const answered = this.#ask(n).then((outcome) => {
      const now = performance.now();
      this.#times.push(now - sentAt);
      if (outcome === 'good') this.#goodAt.push(now);
      else this.#failures[outcome] = (this.#failures[outcome] ?? 0) + 1;
    });
    this.#open.add(answered);
    void answered.finally(() => this.#open.delete(answered));
  }

  /** Resolves to `good`, or to what went wrong. */
  #ask(n: number): Promise<string> {
    const { origin, path, method, headers = {} } = this.#kind;
    return new Promise((resolve) => {
      const timeout = AbortSignal.timeout(PATIENCE_MS);
      const req = request(
        `${origin}${path}?n=${n}`,
        { method, headers, agent: this.#agent, signal: timeout },
        (res) => {
          let body = '';
          res.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
          res.on('error', () => resolve('cut'));
          res.on('end', () => {
            if (res.statusCode !== 200) resolve(String(res.statusCode));
            else resolve(body === `{"n":${n}}` ? 'good' : 'wrong');
          });
        },
      );
      req.on('error', () => resolve(timeout.aborted ? 'unanswered' : 'cut'));
      req.end(method === 'POST' ? `{"n":${n}}` : undefined);
    });
  }
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
