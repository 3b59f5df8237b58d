import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processEnvironment, type Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { managedProcess, type ManagedProcess } from './managed-process.ts';
import { HOME } from './mesh-processes.ts';
import { isAlive } from './proc.ts';
import { callPm2 } from './pm2-socket.ts';
import { programPath } from './program.ts';
import { readState } from './state-file.ts';

// pm2 hangs on socket paths that are longer than a Unix socket's name may be.
const LONGEST_HOME = 90;
const CALL_TIMEOUT_MS = 30_000;
const PM2 = join(HOME, 'node_modules/pm2/bin/pm2');
const ECOSYSTEM = join(HOME, 'ecosystem.config.js');

/** Names of processes, joined by commas: the ecosystem file lists these alone. */
export const START_VARIABLE = 'PLUGMESH_START';

/** pm2, the separate program that it is: run, or called over its socket, and never imported (its licence is AGPL-3.0). */
export class Pm2 {
  readonly home: string;
  readonly #config: Config;

  /** `home` is PM2_HOME of a pm2 that runs already; by default the mesh has one of its own. */
  constructor(config: Config, home = pm2Home(config)) {
    this.#config = config;
    this.home = home;
  }

  /** The pid of the pm2 that runs this mesh, or undefined: asking pm2 itself would start one. */
  get daemonPid(): number | undefined {
    return daemonPid(this.home);
  }

  /** Starts pm2 as a child in the foreground, with the app list of `ecosystem.config.js`. */
  runInForeground(): ChildProcess {
    return spawn(process.execPath, [PM2, 'start', ECOSYSTEM, '--no-daemon'], {
      cwd: this.#config.root,
      env: this.#environment(),
      // A group of its own: Ctrl-C in the terminal reaches the CLI alone, which then stops in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Everything that pm2 runs. Rejects when it does not run itself. */
  async list(): Promise<ManagedProcess[]> {
    const list = await callPm2(this.home, 'getMonitorData', AbortSignal.timeout(CALL_TIMEOUT_MS));
    return (list as unknown[]).map(managedProcess);
  }

  /** Starts the processes of these names as files and state folder describe them now. */
  async start(names: readonly string[]): Promise<void> {
    await this.#call(['start', ECOSYSTEM], { [START_VARIABLE]: names.join(',') });
  }

  /** Stops and forgets processes, or all of a namespace. */
  async delete(...names: readonly string[]): Promise<void> {
    await this.#call(['delete', ...names]);
  }

  async #call(args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<void> {
    const child = spawn(process.execPath, [PM2, ...args], {
      env: { ...this.#environment(), ...variables },
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
    if (code === 0) return;
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

/** The pid of the pm2 daemon of a PM2_HOME that is alive. */
export function daemonPid(home: string): number | undefined {
  const pid = Number(readState(join(home, 'pm2.pid')));
  return pid > 0 && isAlive(pid) ? pid : undefined;
}

/** pm2's folder for this mesh: in the state folder, or a short one in its place. */
export function pm2Home(config: Config): string {
  const home = join(config.stateDir, 'pm2');
  if (home.length <= LONGEST_HOME) return home;
  const name = createHash('sha256').update(config.stateDir).digest('hex').slice(0, 16);
  return join(tmpdir(), `plugmesh-${name}`);
}
