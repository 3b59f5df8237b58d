import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processEnvironment, type Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { HOME, type MeshProcess } from './mesh-processes.ts';
import { pm2App } from './pm2-app.ts';
import { isAlive } from './proc.ts';
import { programPath } from './program.ts';
import { readState, writeState } from './state-file.ts';

/** A process as pm2 shows it. */
export interface Pm2Process {
  readonly name: string;
  readonly pid: number;
  /** pm2's word: `online`, `launching`, `waiting restart`, `stopped`, `errored`, … */
  readonly status: string;
  readonly restarts: number;
  readonly exitCode: number | undefined;
  readonly startedAtMs: number;
  readonly memory: number;
  readonly cpu: number;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, unknown>>;
}

// pm2 hangs on socket paths that are longer than a Unix socket's name may be.
const LONGEST_HOME = 90;
const CALL_TIMEOUT_MS = 30_000;

/** pm2, run as the separate program that it is. */
export class Pm2 {
  readonly home: string;
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
    this.home = pm2Home(config);
  }

  /** The pid of the pm2 that runs this mesh, or undefined: asking pm2 itself would start one. */
  get daemonPid(): number | undefined {
    const pid = Number(readState(join(this.home, 'pm2.pid')));
    return pid > 0 && isAlive(pid) ? pid : undefined;
  }

  /** Starts pm2 as a child in the foreground, with the app list of `ecosystem.config.js`. */
  runInForeground(): ChildProcess {
    return spawn(
      process.execPath,
      [...pm2Argv(), 'start', join(HOME, 'ecosystem.config.js'), '--no-daemon'],
      {
        cwd: this.#config.root,
        env: this.#environment(),
        // A group of its own: Ctrl-C in the terminal reaches the CLI alone, which then stops in order.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
  }

  /** What pm2 runs now. */
  async list(): Promise<Pm2Process[]> {
    const output = await this.#call('jlist');
    // pm2 may say something of its own first.
    const rows: unknown = JSON.parse(
      output.slice(output.indexOf('[{') < 0 ? output.lastIndexOf('[') : output.indexOf('[{')),
    );
    return (rows as Pm2Row[]).map(pm2Process);
  }

  /** Adds a process, with every worker it has. */
  async start(process: MeshProcess): Promise<void> {
    const file = join(this.#config.stateDir, 'apps', `${process.name.replace(':', '-')}.json`);
    writeState(file, { apps: [pm2App(process, this.#config)] });
    await this.#call('start', file);
  }

  /** Stops and forgets a process, or all of a namespace. */
  async delete(name: string): Promise<void> {
    await this.#call('delete', name);
  }

  async #call(...args: string[]): Promise<string> {
    const child = spawn(process.execPath, [...pm2Argv(), ...args], {
      env: this.#environment(),
      cwd: this.#config.root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: CALL_TIMEOUT_MS,
    });
    const output: string[] = [];
    const errors: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once('error', reject);
    child.once('close', resolve);
    const code = await promise;
    if (code === 0) return output.join('');
    throw new MeshError('MESH_INTERNAL', `pm2 ${args.join(' ')} ended with ${String(code)}`, {
      details: { output: `${output.join('')}${errors.join('')}`.slice(-2000) },
    });
  }

  #environment(): NodeJS.ProcessEnv {
    const { file } = this.#config;
    const env: NodeJS.ProcessEnv = {
      ...processEnvironment(),
      PM2_HOME: this.home,
      // pm2 asks `node` on PATH whether it can run TypeScript; on a machine with an old Node that must be ours.
      PATH: programPath(processEnvironment()),
      // Everything is started and stopped at the same time; two is pm2's default.
      PM2_CONCURRENT_ACTIONS: '100',
      PM2_DISABLE_VERSION_CHECK: 'true',
      ...(file === undefined ? {} : { PLUGMESH_FILE: file }),
    };
    // Set when mesh itself runs under pm2: pm2's client would take them for the app's own.
    for (const name of ['pm_id', 'NODE_APP_INSTANCE', 'pm2_env', 'name']) Reflect.deleteProperty(env, name);
    return env;
  }
}

/** pm2's folder for this mesh: in the state folder, or a short one in its place. */
export function pm2Home(config: Config): string {
  const home = join(config.stateDir, 'pm2');
  if (home.length <= LONGEST_HOME) return home;
  const name = createHash('sha256').update(config.stateDir).digest('hex').slice(0, 16);
  return join(tmpdir(), `plugmesh-${name}`);
}

function pm2Argv(): string[] {
  return [join(HOME, 'node_modules/pm2/bin/pm2')];
}

interface Pm2Row {
  readonly name: string;
  readonly pid?: number;
  readonly monit?: { readonly memory?: number; readonly cpu?: number };
  readonly pm2_env: {
    readonly status?: string;
    readonly restart_time?: number;
    readonly exit_code?: number;
    readonly pm_uptime?: number;
    readonly pm_exec_path?: string;
    readonly pm_cwd?: string;
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, unknown>>;
  };
}

function pm2Process({ name, pid = 0, monit = {}, pm2_env: row }: Pm2Row): Pm2Process {
  return {
    name,
    pid,
    status: row.status ?? 'unknown',
    restarts: row.restart_time ?? 0,
    exitCode: row.exit_code,
    startedAtMs: row.pm_uptime ?? 0,
    memory: monit.memory ?? 0,
    cpu: monit.cpu ?? 0,
    argv: [row.pm_exec_path ?? '', ...(row.args ?? [])],
    cwd: row.pm_cwd ?? '',
    env: row.env ?? {},
  };
}
