import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** What a load has seen. */
export interface LoadReport {
  readonly sent: number;
  readonly failures: readonly string[];
}

/** What is asked for, how often at the same time, and which answer counts as right. */
export interface LoadTarget {
  readonly clients: number;
  readonly path: string;
  /** Posted when it is there. */
  readonly body?: string;
  /** What the answer must hold; default: anything, and the answers are counted. */
  readonly expected?: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

type Ask = (target: LoadTarget) => Promise<Answer>;

/** Clients that send one request after the other over kept connections until they are stopped; none of them tries again. */
export class ClientLoad {
  readonly #origin: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #failures: string[] = [];
  readonly #clients: Promise<void>[] = [];
  readonly #answers = new Map<string, number>();
  #sent = 0;
  #stopping = false;

  constructor(origin: string) {
    this.#origin = origin;
  }

  get sent(): number {
    return this.#sent;
  }

  /** How often each answer came to those who expect nothing in particular. */
  get answers(): ReadonlyMap<string, number> {
    return this.#answers;
  }

  /** Starts clients on Node's http.Agent. */
  withAgent(...targets: readonly LoadTarget[]): this {
    return this.#start('http.Agent', targets, (target) => this.#askWithAgent(target));
  }

  /** Starts clients on fetch. */
  withFetch(...targets: readonly LoadTarget[]): this {
    return this.#start('fetch', targets, async ({ path, body }) => {
      const init = body === undefined ? {} : { method: 'POST', body };
      const response = await fetch(`${this.#origin}${path}`, init);
      return { status: response.status, body: await response.text() };
    });
  }

  /** Lets every client finish its request, and resolves to what they saw. */
  async stop(): Promise<LoadReport> {
    this.#stopping = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
    return { sent: this.#sent, failures: this.#failures };
  }

  #start(client: string, targets: readonly LoadTarget[], ask: Ask): this {
    for (const target of targets) {
      const loops = Array.from({ length: target.clients }, () => this.#loop(client, target, ask));
      this.#clients.push(...loops);
    }
    return this;
  }

  async #loop(client: string, target: LoadTarget, ask: Ask): Promise<void> {
    while (!this.#stopping) {
      this.#sent += 1;
      const problem = await ask(target).then((answer) => this.#judge(answer, target), reasonOf);
      if (problem !== undefined) this.#failures.push(`${client} ${target.path}: ${problem}`);
    }
  }

  #judge({ status, body }: Answer, { expected }: LoadTarget): string | undefined {
    if (status !== 200) return `${status} ${body}`;
    if (expected === undefined) this.#answers.set(body, (this.#answers.get(body) ?? 0) + 1);
    else if (!body.includes(expected)) return `another answer, ${body.length} bytes`;
    return undefined;
  }

  #askWithAgent({ path, body }: LoadTarget): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const method = body === undefined ? 'GET' : 'POST';
    const req = request(`${this.#origin}${path}`, { agent: this.#agent, method }, (res) => {
      text(res).then((answer) => resolve({ status: res.statusCode ?? 0, body: answer }), reject);
    });
    req.once('error', reject);
    req.end(body);
    return promise;
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
