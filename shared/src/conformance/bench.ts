import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processEnvironment, type Config } from '../config/index.ts';
import { loadSecrets, type Secrets } from '../identity/index.ts';
import type { Manifest } from '../manifest/index.ts';
import {
  findRedisServer,
  meshProcesses,
  type MeshProcess,
  portHolder,
  programPath,
  redisUrlOf,
} from '../processes/index.ts';
import { freePort } from '../testing/free-port.ts';
import { Fault } from './check.ts';
import { PluginRun } from './plugin-run.ts';
import { PrivateRedis } from './private-redis.ts';
import { StandInMesh } from './stand-in-mesh.ts';
import { untilListening, untilSettled } from './until-listening.ts';

/** What a bench is made of. */
export interface BenchOptions {
  readonly manifest: Manifest;
  /** The mesh's, for the plugin's settings. */
  readonly config: Config;
  /** Ends every waiting. */
  readonly signal: AbortSignal;
  /** How long the plugin may take to listen, and until it is well; default 30 s, as in a mesh. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 30_000;

/**
 * Everything that a plugin needs around it to be tried alone: a stand-in for the mesh, a Redis with its user, a state
 * folder. The plugin is started exactly as the mesh would, on a free port.
 */
export class Bench {
  readonly manifest: Manifest;
  readonly signal: AbortSignal;
  readonly patienceMs: number;
  readonly mesh: StandInMesh;
  readonly #folder: string;
  readonly #config: Config;
  readonly #runs = new Set<PluginRun>();
  #process: MeshProcess | undefined;
  #redis: PrivateRedis | undefined;
  #run: PluginRun | undefined;
  #isStopped = false;
  #isWell = true;
  #fault: Fault | undefined;

  private constructor({ manifest, config, signal, patienceMs }: BenchOptions, folder: string) {
    this.manifest = manifest;
    this.signal = signal;
    this.patienceMs = patienceMs ?? PATIENCE_MS;
    this.#folder = folder;
    // Nothing of the mesh's own but the settings of its plugins: no secret, no Redis.
    this.#config = { ...config, secrets: [], stateDir: folder, redisUrl: undefined };
    this.mesh = new StandInMesh(this.#secrets);
  }

  /** Starts everything but the plugin. */
  static async create(options: BenchOptions): Promise<Bench> {
    const bench = new Bench(options, await mkdtemp(join(tmpdir(), 'plugmesh-check-')));
    try {
      await bench.#prepare();
    } catch (error) {
      await bench.stop();
      throw error;
    }
    return bench;
  }

  /** Undefined where there is no Redis server on this machine. */
  get redis(): PrivateRedis | undefined {
    return this.#redis;
  }

  /** What was started last, whether it still runs or not. */
  get lastRun(): PluginRun | undefined {
    return this.#run;
  }

  /** `PLUGMESH_PREFIX`. */
  get prefix(): string {
    return this.#process?.env['PLUGMESH_PREFIX'] ?? '';
  }

  /** The process that serves; started when there is none. Throws a `Fault` when it does not come to listen. */
  async running(): Promise<PluginRun> {
    if (this.#run && !this.#run.end) return this.#run;
    try {
      return await this.start();
    } catch (error) {
      if (error instanceof Fault) this.#fault = error;
      throw error;
    }
  }

  /** Starts the plugin, instead of the one that runs, and waits until it listens. */
  async start(more: Readonly<Record<string, string>> = {}): Promise<PluginRun> {
    // One that did not start is not waited for in every check that follows.
    if (this.#fault) throw this.#fault;
    await this.endPlugin();
    const process = this.#process;
    if (this.#isStopped || !process) throw new Error('the bench has stopped');
    refuseTakenPort(process.port);
    const run = new PluginRun(process, more);
    this.#runs.add(run);
    this.#run = run;
    const patience = { timeoutMs: this.patienceMs, signal: this.signal };
    await untilListening(run, patience);
    // What was not well the first time is not waited for again.
    if (this.#isWell) this.#isWell = await untilSettled(run, this.manifest.http.health, patience);
    return run;
  }

  /** Ends what is left of the plugin, at once. */
  async endPlugin(): Promise<void> {
    this.#run = undefined;
    const runs = [...this.#runs];
    this.#runs.clear();
    await Promise.all(runs.map((run) => run.kill()));
  }

  /** Ends everything and removes the folder. Safe to call twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.endPlugin();
    await this.#redis?.kill();
    this.mesh.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #secrets(): Secrets {
    return loadSecrets(this.#config);
  }

  async #prepare(): Promise<void> {
    const { manifest, mesh } = this;
    await mesh.start();
    const gateway = { ...this.#config.gateway, host: '127.0.0.1', port: mesh.port, url: undefined };
    const config = { ...this.#config, gateway };
    const ports = {
      redis: await freePort(),
      plugins: { [manifest.name]: [manifest.port ?? (await freePort())] },
      generations: {},
      next: {},
    };
    const processes = meshProcesses(config, [manifest], ports);
    this.#process = processes.find(({ kind }) => kind === 'plugin');
    const redis = processes.find(({ kind }) => kind === 'redis');
    if (!redis || !findRedisServer(programPath(processEnvironment()))) return;
    this.#redis = new PrivateRedis(redis, { url: redisUrlOf(config, ports), manifest });
    await this.#redis.start();
  }
}

function refuseTakenPort(port: number): void {
  const holder = portHolder(port);
  if (!holder) return;
  throw new Fault({
    code: 'MESH_PORT_TAKEN',
    seen: `its port ${port} is held by process ${holder.pid} (${holder.command})`,
    fix: "stop that process while you check, or take 'port' out of plugin.json: a free one is given to it as PORT",
  });
}
