import { Agent, get, type OutgoingHttpHeaders, type RequestOptions } from 'node:http';

/** What a load has measured. Latencies in milliseconds. */
export interface LoadResult {
  readonly latencies: number[];
  readonly seconds: number;
}

/** How a load runs: `connections` requests at a time, or, with `perSecond`, at a steady rate. */
export interface LoadOptions {
  readonly origin: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly requests: number;
  readonly connections: number;
  readonly perSecond?: number;
}

/** Sends `GET <path>?n=<i>` over kept connections and checks that answer i carries number i. */
export async function httpLoad(options: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const latencies: number[] = [];
  const started = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < options.requests; n = next++) {
      const due = options.perSecond === undefined ? 0 : started + (n / options.perSecond) * 1000;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const sentAt = performance.now();
      await request(`${options.origin}${options.path}?n=${n}`, { agent, headers: options.headers ?? {} }, n);
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: options.connections }, worker));
  agent.destroy();
  if (latencies.length !== options.requests) throw new Error('requests were lost');
  return { latencies, seconds: (performance.now() - started) / 1000 };
}

function request(url: string, options: RequestOptions, n: number): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, options, (res) => {
      let body = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => (body += chunk));
      res.on('error', reject);
      res.on('end', () => {
        if (res.statusCode !== 200) return reject(new Error(`${url}: ${res.statusCode} ${body}`));
        const answer = JSON.parse(body) as { n: number };
        if (answer.n !== n) return reject(new Error(`answer ${answer.n} came to request ${n}`));
        resolve();
      });
    }).on('error', reject);
  });
}
