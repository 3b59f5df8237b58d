import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, managedProcess, readState, type ManagedProcess } from '@plugmesh/shared/processes';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { TestMesh, type TestMeshOptions } from './test-mesh.ts';

/** The clone that a server's owner works in. */
const ROOT = join(import.meta.dirname, '../../..');

/** A mesh that the owner's own pm2 runs, with a Redis that is there already: no launcher. */
export class Pm2Mesh {
  readonly mesh: TestMesh;
  readonly redis: RedisServer;
  /** PM2_HOME; a short path, because pm2's sockets are in it. */
  readonly home: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(
    mesh: TestMesh,
    redis: RedisServer,
    home: string,
    env: Readonly<Record<string, string>>,
  ) {
    this.mesh = mesh;
    this.redis = redis;
    this.home = home;
    this.#env = env;
  }

  static async create(options: TestMeshOptions = {}): Promise<Pm2Mesh> {
    const redis = await RedisServer.start();
    const home = await mkdtemp(join(tmpdir(), 'pm2-'));
    return new Pm2Mesh(await TestMesh.create(options), redis, home, options.env ?? {});
  }

  /** Runs a command line in the clone, as its owner would type it, and resolves to what it wrote. Fails with it. */
  async shell(commands: string): Promise<string> {
    const { file } = this.mesh;
    const child = spawn('sh', ['-ec', commands], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        HOME: this.home,
        PM2_HOME: this.home,
        PM2_DISABLE_VERSION_CHECK: 'true',
        PLUGMESH_FILE: file,
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`'${commands}' ended with ${String(code)}:\n${output}`);
    return output;
  }

  /** Writes the `.env` beside plugmesh.toml. */
  async writeEnvironment(text: string): Promise<void> {
    await writeFile(join(this.mesh.folder, '.env'), text);
  }

  /** Waits until these plugins are ready. */
  async untilReady(...plugins: readonly string[]): Promise<void> {
    await eventually(async () => (await fetch(`${this.mesh.origin}/readyz`)).ok, { timeoutMs: 20_000 });
    for (const id of plugins) await this.mesh.untilState(id, 'ready', 20_000);
  }

  /** What pm2 runs. */
  async list(): Promise<ManagedProcess[]> {
    return (await this.#list()).map(managedProcess);
  }

  /** At how many bytes pm2 replaces a process, by name. */
  async memoryLimits(): Promise<Record<string, unknown>> {
    const list = (await this.#list()) as { name: string; pm2_env: Record<string, unknown> }[];
    return Object.fromEntries(list.map(({ name, pm2_env: env }) => [name, env['max_memory_restart']]));
  }

  /** The pid of pm2's daemon, or undefined. */
  get daemonPid(): number | undefined {
    const pid = Number(readState(join(this.home, 'pm2.pid')));
    return pid > 0 && isAlive(pid) ? pid : undefined;
  }

  /** Ends everything and removes the folders. */
  async remove(): Promise<void> {
    if (this.daemonPid !== undefined) await this.shell('npx pm2 kill');
    await this.mesh.remove();
    await this.redis.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  async #list(): Promise<unknown[]> {
    const output = await this.shell('npx pm2 jlist');
    // npm and pm2 may say something of their own first.
    return JSON.parse(output.slice(output.search(/^\[/m))) as unknown[];
  }
}
