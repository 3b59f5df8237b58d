import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process as pm2 reports it. */
export interface ManagedProcess {
  readonly name: string;
  /** Set for plugins: the id that its environment carries. */
  readonly plugin: string | undefined;
  readonly instance: string | undefined;
  readonly pid: number | undefined;
  /** pm2's word: `online`, `launching`, `stopping`, `stopped`, `errored`, `waiting restart`. */
  readonly status: string;
  readonly port: number | undefined;
  readonly host: string;
  readonly restarts: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly memoryBytes: number;
  readonly cpuPercent: number;
  readonly outputFile: string | undefined;
  readonly errorFile: string | undefined;
}

/** How pm2 is called. */
export interface Pm2Options {
  /** pm2's program. */
  readonly program: string;
  /** The file that lists every process of the mesh. */
  readonly ecosystem: string;
  /** Must hold PM2_HOME, and what the ecosystem file is derived from. */
  readonly env: NodeJS.ProcessEnv;
}

const CALL_TIMEOUT_MS = 20_000;

/** pm2 as a program: it is never imported (its licence is AGPL-3.0). */
export class Pm2 {
  readonly #options: Pm2Options;

  constructor(options: Pm2Options) {
    this.#options = options;
  }

  /** Everything that pm2 runs. */
  async list(): Promise<ManagedProcess[]> {
    const output = await this.#call('jlist');
    // Warnings may stand before the list.
    const start = output.search(/^\[/m);
    return (JSON.parse(output.slice(Math.max(start, 0))) as unknown[]).map(readProcess);
  }

  /** Starts a plugin's processes as the ecosystem file lists them. */
  async start(names: readonly string[]): Promise<void> {
    await this.#call('start', this.#options.ecosystem, '--only', names.join(','));
  }

  /** Stops the processes of this name and forgets them. */
  async remove(name: string): Promise<void> {
    await this.#call('delete', name);
  }

  async #call(...args: string[]): Promise<string> {
    const { program, env } = this.#options;
    const { stdout } = await run(process.execPath, [program, ...args], {
      env,
      timeout: CALL_TIMEOUT_MS,
      maxBuffer: 16 * 1024 ** 2,
    });
    return stdout;
  }
}

interface RawProcess {
  readonly name: string;
  readonly pid: number;
  readonly monit?: { readonly memory: number; readonly cpu: number };
  readonly pm2_env: Readonly<Record<string, unknown>>;
}

/** One element of `pm2 jlist`; only the fields we know are read. */
export function readProcess(value: unknown): ManagedProcess {
  const { name, pid, monit, pm2_env: env } = value as RawProcess;
  const text = (key: string): string | undefined => {
    const field = env[key];
    return typeof field === 'string' ? field : undefined;
  };
  const number = (key: string): number => Number(env[key] ?? 0);
  return {
    name,
    plugin: text('PLUGMESH_PLUGIN'),
    instance: text('PLUGMESH_INSTANCE'),
    // While pm2 waits before it starts a process again, it still shows the old one's id.
    pid: pid > 0 && text('status') !== 'waiting restart' ? pid : undefined,
    status: text('status') ?? 'stopped',
    port: env['PORT'] === undefined ? undefined : number('PORT'),
    host: text('HOST') ?? '127.0.0.1',
    restarts: number('restart_time'),
    startedAt: number('pm_uptime'),
    memoryBytes: monit?.memory ?? 0,
    cpuPercent: monit?.cpu ?? 0,
    outputFile: text('pm_out_log_path'),
    errorFile: text('pm_err_log_path'),
  };
}
