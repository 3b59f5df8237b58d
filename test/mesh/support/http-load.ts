import { Agent, request } from 'node:http';

/** What a load came to. */
export interface LoadResult {
  readonly sent: number;
  /** Why requests failed: every status but 200, every error of the connection. */
  readonly failures: readonly string[];
  /** Bodies of the answers, and how often each came. */
  readonly answers: ReadonlyMap<string, number>;
}

/** Clients that ask one URL again and again over connections that they keep, until `stop`. */
export class HttpLoad {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #failures: string[] = [];
  readonly #answers = new Map<string, number>();
  readonly #clients: Promise<void>[];
  #sent = 0;
  #isRunning = true;

  constructor(url: string, clients = 16) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: clients });
    this.#clients = Array.from({ length: clients }, (_, n) => this.#run(n % 2 === 0 ? 'GET' : 'POST'));
  }

  get answers(): ReadonlyMap<string, number> {
    return this.#answers;
  }

  async stop(): Promise<LoadResult> {
    this.#isRunning = false;
    await Promise.all(this.#clients);
    this.#agent.destroy();
    return { sent: this.#sent, failures: this.#failures, answers: this.#answers };
  }

  async #run(method: string): Promise<void> {
    while (this.#isRunning) {
      this.#sent += 1;
      const { status, body } = await this.#ask(method);
      if (status === 200) this.#answers.set(body, (this.#answers.get(body) ?? 0) + 1);
      else this.#failures.push(`${method} ${status}: ${body}`);
    }
  }

  #ask(method: string): Promise<{ status: number; body: string }> {
    const { promise, resolve } = Promise.withResolvers<{ status: number; body: string }>();
    const fail = (error: Error): void => resolve({ status: 0, body: error.message });
    const req = request(this.#url, { method, agent: this.#agent }, (res) => {
      let body = '';
      res.setEncoding('utf8').on('data', (text: string) => (body += text));
      res.on('error', fail).on('end', () => resolve({ status: res.statusCode ?? 0, body }));
    });
    req.on('error', fail).end(method === 'POST' ? 'x'.repeat(2000) : undefined);
    return promise;
  }
}
