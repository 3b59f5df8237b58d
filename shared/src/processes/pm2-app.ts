import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { processEnvironment, type Config } from '../config/index.ts';
import type { MeshProcess } from './mesh-processes.ts';

/** An entry of pm2's app list. */
export type Pm2App = Readonly<Record<string, unknown>>;

const LEAST_BACKOFF_MS = 100;
/** pm2 stops the old process of a reload after it, ready successor or not. */
const LISTEN_TIMEOUT_MS = 30_000;

/** Everything but Redis is in one namespace, so that it can be stopped at once and before Redis. */
export const PM2_NAMESPACE = 'plugmesh';

/** A process as pm2 wants it described. */
export function pm2App(process: MeshProcess, config: Config): Pm2App {
  const { name, kind, argv, cwd, env, workers, stopMs } = process;
  const [program = '', ...args] = argv;
  const [script, ...rest] = args;
  const log = logFile(config, name);
  const memory = memoryLimit(process, config);
  mkdirSync(join(config.stateDir, 'logs'), { recursive: true });
  mkdirSync(join(config.stateDir, 'redis'), { recursive: true });
  return {
    name,
    namespace: kind === 'redis' ? 'redis' : PM2_NAMESPACE,
    cwd,
    // In cluster mode pm2 needs the script, in fork mode it runs what it is given as it is.
    ...(workers === undefined
      ? { script: program, args, interpreter: 'none', exec_mode: 'fork' }
      : { script, args: rest, exec_mode: 'cluster', instances: workers }),
    ...(workers === undefined ? {} : { wait_ready: true, listen_timeout: LISTEN_TIMEOUT_MS }),
    // pm2 adds the shell's whole environment unless every name of it is filtered.
    filter_env: Object.keys(processEnvironment()),
    env,
    kill_timeout: stopMs,
    ...(memory === undefined ? {} : { max_memory_restart: memory }),
    exp_backoff_restart_delay: LEAST_BACKOFF_MS,
    out_file: log,
    error_file: log,
    merge_logs: true,
    vizion: false,
    pmx: false,
  };
}

function memoryLimit({ kind, plugin = '' }: MeshProcess, config: Config): number | undefined {
  if (kind === 'plugin') return config.pluginSettings[plugin]?.maxMemory;
  return kind === 'gateway' || kind === 'channel' ? config[kind].limits.memory : undefined;
}

/** Where a process's output goes: all generations of a plugin write to one file. */
export function logFile(config: Config, name: string): string {
  return join(config.stateDir, 'logs', `${name.replace(/\.\d+/, '').replace(':', '-')}.log`);
}
