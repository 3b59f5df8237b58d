import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/index.ts';
import { formatProblem, MeshError } from '../errors/index.ts';
import { Pm2, PM2_NAMESPACE, PLUGIN_STOP_MS, runningPlugins } from '../processes/index.ts';
import { killLeftovers } from './leftovers.ts';

const PM2_STOP_MS = 10_000;
const OUTPUT_KEPT = 4_000;

/** pm2 in the foreground, kept alive until it is told to stop. */
export class MeshRun {
  /** Rejects when pm2 cannot be kept alive. */
  readonly failed: Promise<never>;
  readonly #config: Config;
  readonly #pm2: Pm2;
  readonly #fail: (error: Error) => void;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #state: 'new' | 'running' | 'stopping' = 'new';
  #hasBeenReady = false;
  #output = '';

  constructor(config: Config) {
    this.#config = config;
    this.#pm2 = new Pm2(config);
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#fail = reject;
    // Whoever waits for it hears of it; nobody waits while we stop.
    promise.catch(() => undefined);
  }

  get isStarted(): boolean {
    return this.#state !== 'new';
  }

  start(): void {
    this.#state = 'running';
    this.#launch();
  }

  /** The mesh is ready: from now on, a pm2 that ends is an accident and not a start that failed. */
  confirm(): void {
    this.#hasBeenReady = true;
  }

  /** Stops everything in order, Redis last, and ends what is still there afterwards. */
  async stop(): Promise<void> {
    const wasRunning = this.#state === 'running';
    this.#state = 'stopping';
    if (wasRunning) await this.#stopInOrder();
    await killLeftovers(this.#config);
  }

  /** Ends everything at once. */
  async kill(): Promise<void> {
    this.#state = 'stopping';
    await killLeftovers(this.#config);
  }

  async #stopInOrder(): Promise<void> {
    // The mesh may be stopped before pm2 knows the namespace: then its own end is enough.
    const late = setTimeout(() => this.#nameLatePlugins(), PLUGIN_STOP_MS);
    if (this.#pm2.daemonPid !== undefined) await this.#pm2.delete(PM2_NAMESPACE).catch(() => undefined);
    clearTimeout(late);
    this.#child?.kill('SIGINT');
    const timer = new AbortController();
    await Promise.race([
      this.#ended,
      delay(PM2_STOP_MS, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
  }

  /** pm2 kills them without a word to us. */
  #nameLatePlugins(): void {
    for (const [plugin, pid] of runningPlugins(this.#config)) {
      const message = `${plugin} (process ${pid}) has not stopped within ${PLUGIN_STOP_MS / 1000} s and is killed`;
      const fix = 'let it end on SIGINT and SIGTERM';
      process.stderr.write(`${formatProblem(new MeshError('MESH_PLUGIN_NOT_STOPPING', message, { fix }))}\n`);
    }
  }

  #launch(): void {
    const child = this.#pm2.runInForeground();
    this.#child = child;
    const collect = (chunk: Buffer): void =>
      void (this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_KEPT));
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    this.#ended = new Promise((resolve) => {
      child.once('error', () => resolve());
      // Not `close`: workers that outlive a killed pm2 hold its output open.
      child.once('exit', () => resolve());
    });
    void this.#ended.then(() => this.#onEnd());
  }

  /** pm2 ended by itself: its plugins may have survived it, and nobody would start them again. */
  async #onEnd(): Promise<void> {
    if (!this.#isRunning()) return;
    if (!this.#hasBeenReady) {
      this.#fail(new MeshError('MESH_INTERNAL', `pm2 could not start the mesh:\n${errorsIn(this.#output)}`));
      return;
    }
    process.stderr.write('pm2 ended by itself; starting everything anew\n');
    await killLeftovers(this.#config);
    if (this.#isRunning()) this.#launch();
  }

  // A method, because the compiler believes that a private field cannot change across an await.
  #isRunning(): boolean {
    return this.#state === 'running';
  }
}

/** What pm2 says of errors, without its banner; all of it when it names none. */
function errorsIn(output: string): string {
  const lines = output.trim().split('\n');
  const errors = lines.filter((line) => /error/i.test(line));
  return (errors.length > 0 ? errors : lines).join('\n');
}
