import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort, startProcess, type RunningProcess } from '@plugmesh/shared/testing';

/** A name and password that it asks for, with that password's bcrypt hash. */
export const LOGIN = {
  username: 'ops',
  password: 'a password of this test',
  hash: '$2b$04$EVmngxwRAfd60LvoSVOdWuEoR7qNe9o3xNvnCskCp895UuOb.m6b2',
} as const;

/** What it scrapes: jobs as prometheus.yml has them, which takes JSON, too. */
export interface PrometheusOptions {
  readonly jobs: readonly object[];
  /** Whether it asks for `LOGIN`. */
  readonly isClosed?: boolean;
}

/** A real Prometheus with a folder of its own, which scrapes once a second. */
export class PrometheusServer {
  readonly url: string;
  readonly #folder: string;
  readonly #process: RunningProcess;

  private constructor(url: string, folder: string, process: RunningProcess) {
    this.url = url;
    this.#folder = folder;
    this.#process = process;
  }

  static async start({ jobs, isClosed = false }: PrometheusOptions): Promise<PrometheusServer> {
    const folder = await mkdtemp(join(tmpdir(), 'plugmesh-prometheus-'));
    const [address, config, web] = [
      `127.0.0.1:${await freePort()}`,
      join(folder, 'config.yml'),
      join(folder, 'web.yml'),
    ];
    await writeFile(config, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: jobs }));
    await writeFile(
      web,
      JSON.stringify(isClosed ? { basic_auth_users: { [LOGIN.username]: LOGIN.hash } } : {}),
    );
    const process = await startProcess(
      [
        'prometheus',
        `--config.file=${config}`,
        `--web.config.file=${web}`,
        `--web.listen-address=${address}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
      ],
      { ready: /Server is ready to receive web requests/ },
    );
    return new PrometheusServer(`http://${address}`, folder, process);
  }

  /** Waits until it has scraped every target at least twice. */
  async untilScraped(targets: number): Promise<void> {
    const query = 'count(count_over_time(up[1m]) > 1)';
    await eventually(
      async () => {
        const { data } = (await this.#ask(`query?query=${encodeURIComponent(query)}`)) as {
          data: { result: { value: [number, string] }[] };
        };
        return Number(data.result[0]?.value[1]) >= targets;
      },
      { timeoutMs: 20_000, what: `${targets} targets` },
    );
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ask(path: string): Promise<unknown> {
    const authorization = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`;
    return (await fetch(`${this.url}/api/v1/${path}`, { headers: { authorization } })).json();
  }
}
