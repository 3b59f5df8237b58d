import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  isAlive,
  killNow,
  type MeshProcess,
  processesInGroup,
  processesWithEnvironment,
} from '../processes/index.ts';
import { until } from './until.ts';

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const OUTPUT_KEPT = 16_384;
const LINES_SHOWN = 12;
/** Lines of a stack trace that lie in no file of the author's would push out the error itself. */
const FOREIGN = /^\s+at .*\bnode:/;
const KILLED_WITHIN_MS = 5000;

/** One process of the plugin, started as the mesh does: in a group of its own, with the environment it is given and no other. */
export class PluginRun {
  readonly startedAt = performance.now();
  readonly port: number;
  readonly host: string;
  readonly #child: ChildProcess;
  readonly #mark: string;
  readonly #ended: Promise<Ended>;
  #output = '';
  #end: Ended | undefined;

  constructor({ argv, cwd, env, port }: MeshProcess, more: Readonly<Record<string, string>> = {}) {
    const [program = '', ...args] = argv;
    this.port = port;
    this.host = env['HOST'] ?? '127.0.0.1';
    // The token is of this check alone: whoever has it in its environment comes from this plugin.
    this.#mark = `PLUGMESH_TOKEN=${env['PLUGMESH_TOKEN'] ?? ''}\0`;
    this.#child = spawn(program, args, {
      cwd,
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => this.#write(chunk.toString()));
    this.#ended = this.#whenEnded();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How it ended; undefined while it runs. */
  get end(): Ended | undefined {
    return this.#end;
  }

  /** What it has written, the last of it. */
  get output(): string {
    return this.#output;
  }

  /** The last lines of that, oldest first. */
  get lines(): string[] {
    return this.#output
      .split('\n')
      .map((line) => line.trimEnd())
      .filter((line, index, all) => line !== '' && line !== all[index - 1] && !FOREIGN.test(line))
      .slice(-LINES_SHOWN);
  }

  /** Sends a signal, and resolves to how it ended; undefined when it still runs after `timeoutMs`. */
  async endBy(name: NodeJS.Signals, timeoutMs: number): Promise<Ended | undefined> {
    this.#child.kill(name);
    await this.endsWithin(timeoutMs);
    return this.#end;
  }

  /** Whether it ends by then. */
  async endsWithin(timeoutMs: number): Promise<boolean> {
    // Not broken off: who breaks a check off waits for this.
    const { signal } = new AbortController();
    return (await until(() => this.#end !== undefined, { timeoutMs, signal })) ?? false;
  }

  /** Processes that it has started and that are there without it, whether in its group or with its environment. */
  leftovers(): number[] {
    const found = new Set([...processesInGroup(this.pid), ...processesWithEnvironment(this.#mark)]);
    return [...found].filter((pid) => pid !== this.pid && isAlive(pid));
  }

  /** Ends it and all that it has started, at once. */
  async kill(): Promise<void> {
    const hasStarted = this.#child.pid !== undefined;
    if (hasStarted) for (const pid of [-this.pid, ...this.leftovers()]) killNow(pid);
    if (hasStarted) await this.endBy('SIGKILL', KILLED_WITHIN_MS);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy();
    await this.#ended;
  }

  // Not `close`: a child that is left behind keeps the output open.
  async #whenEnded(): Promise<Ended> {
    try {
      const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null];
      this.#end = { code, signal };
    } catch (error) {
      this.#write(String(error));
      this.#end = { code: null, signal: null };
    }
    return this.#end;
  }

  #write(text: string): void {
    this.#output = (this.#output + text).slice(-OUTPUT_KEPT);
  }
}
