import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

/** As the mesh's own Redis (docs/decisions/0011). */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** A real Redis server of a test's own: append-only file in a temporary folder, a free port. */
export class RedisServer {
  readonly port: number;
  readonly url: string;
  readonly #folder: string;
  readonly #options: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, password: string | undefined) {
    this.port = port;
    this.url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
    this.#folder = folder;
    this.#options = password === undefined ? [] : ['--requirepass', password];
  }

  /** Starts a server and waits until it accepts connections; without a password it lets everybody in. */
  static async start({ password }: { readonly password?: string } = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'plugmesh-redis-'));
    const server = new RedisServer(await freePort(), folder, password);
    await server.resume();
    return server;
  }

  /** Starts the server again on the same port with the same data, or `empty`, after `kill`. */
  async resume({ empty = false }: { readonly empty?: boolean } = {}): Promise<void> {
    if (empty) await rm(join(this.#folder, 'appendonlydir'), { recursive: true, force: true });
    const child = spawn(
      process.env['REDIS_SERVER'] ?? 'redis-server',
      [
        ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder],
        ...[...DURABLE, ...this.#options],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`redis-server ended with ${String(code)}`)));
      child.stdout.on('data', (text: Buffer) => {
        if (text.includes('Ready to accept connections')) resolve();
      });
    });
  }

  /** Ends the process at once, as a crash would; the data stays. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Stops and continues it as it is: SIGSTOP and SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  /** Ends the process and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
