import { spawn, type ChildProcess } from 'node:child_process';
import { eventually } from './eventually.ts';

/** How a test starts a real process. */
export interface StartProcessOptions {
  /** The whole environment besides PATH, and where Node keeps what it has compiled: a child sees nothing else of the shell's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A pattern in its output, or a condition that is polled; default: resolves at once. */
  readonly ready?: RegExp | ((running: RunningProcess) => unknown);
  /** How long it may take to get ready; default 20 s. */
  readonly timeoutMs?: number;
}

const KEPT: NodeJS.ProcessEnv = Object.fromEntries(
  ['PATH', 'NODE_COMPILE_CACHE'].map((name) => [name, process.env[name]]),
);

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process of a test, with all that it has written. */
export class RunningProcess {
  readonly child: ChildProcess;
  /** Resolves when it has ended. */
  readonly exited: Promise<ProcessExit>;
  #output = '';
  #exit: ProcessExit | undefined;

  constructor(child: ChildProcess) {
    this.child = child;
    const collect = (chunk: Buffer): void => void (this.#output += chunk.toString());
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve((this.#exit = { code, signal })));
    });
    // A test that never asks how the process ended must not fail by an unhandled rejection.
    this.exited.catch(() => undefined);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Everything written so far, standard output and error together. */
  get output(): string {
    return this.#output;
  }

  /** How it ended, or undefined while it runs. */
  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  /** Sends a signal (default SIGKILL, a crash) and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProcessExit> {
    if (!this.#exit) this.child.kill(signal);
    return this.exited;
  }

  /** Asks it to stop and waits for the end; kills it when it takes longer than `timeoutMs`. */
  async stop(timeoutMs = 10_000): Promise<ProcessExit> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
    try {
      return await this.kill('SIGTERM');
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Starts a program and waits until it is ready; when it ends before that, rejects with what it wrote. */
export async function startProcess(
  argv: readonly string[],
  options: StartProcessOptions = {},
): Promise<RunningProcess> {
  const [program = process.execPath, ...rest] = argv;
  const child = spawn(program === 'node' ? process.execPath : program, rest, {
    env: { ...KEPT, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const running = new RunningProcess(child);
  try {
    await untilReady(running, argv.join(' '), options);
  } catch (error) {
    await running.kill();
    throw error;
  }
  return running;
}

async function untilReady(
  running: RunningProcess,
  name: string,
  { ready, timeoutMs = 20_000 }: StartProcessOptions,
): Promise<void> {
  if (!ready) return;
  const isReady = ready instanceof RegExp ? () => ready.test(running.output) : () => ready(running);
  const stopWaiting = new AbortController();
  const ended = running.exited.then(({ code, signal }) => {
    if (stopWaiting.signal.aborted) return;
    throw new Error(`'${name}' ended with ${String(code ?? signal)} before it was ready:\n${running.output}`);
  });
  const waiting = eventually(() => running.exit !== undefined || isReady(), { timeoutMs }).catch(
    (cause: unknown) => {
      throw new Error(`'${name}' was not ready within ${timeoutMs} ms:\n${running.output}`, { cause });
    },
  );
  try {
    await Promise.race([ended, waiting]);
    if (running.exit) await ended;
  } finally {
    stopWaiting.abort();
    ended.catch(() => undefined);
  }
}
