import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';

/** A clock tick of `/proc/<pid>/stat` in microseconds: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_US = 10_000;

/** A server that is measured: a process group of its own, and the processor time it has used. */
export class ServerProcess {
  readonly name: string;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(name: string, port: number, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.#child = child;
  }

  /** Starts `argv` and waits until the port accepts connections. */
  static async start(
    name: string,
    argv: readonly [string, ...string[]],
    options: { port: number; env?: Record<string, string>; cwd?: string },
  ): Promise<ServerProcess> {
    const [program, ...args] = argv;
    const child = spawn(program, args, {
      env: { PATH: process.env['PATH'], ...options.env },
      stdio: ['ignore', 'ignore', 'inherit'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    await waitForPort(options.port, child);
    return new ServerProcess(name, options.port, child);
  }

  /** Microseconds of processor time, user and system, of the process and its children that still run. */
  cpuMicros(): number {
    return processTree(this.#child.pid ?? 0).reduce((sum, pid) => sum + ticks(pid) * TICK_US, 0);
  }

  /** Resident memory in bytes, children included. */
  residentBytes(): number {
    return processTree(this.#child.pid ?? 0).reduce((sum, pid) => sum + resident(pid), 0);
  }

  /** Ends the process and waits for it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`the server for port ${port} ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port} after 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function processTree(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(processTree)];
}

/** User and system time; the name in parentheses may hold blanks (proc(5)). */
function ticks(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
