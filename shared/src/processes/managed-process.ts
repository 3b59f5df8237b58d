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

interface RawProcess {
  readonly name: string;
  readonly pid: number;
  readonly monit?: { readonly memory: number; readonly cpu: number };
  readonly pm2_env: Readonly<Record<string, unknown>>;
}

/** One element of pm2's `getMonitorData`, which `pm2 jlist` prints; only the fields we know are read. */
export function managedProcess(value: unknown): ManagedProcess {
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
