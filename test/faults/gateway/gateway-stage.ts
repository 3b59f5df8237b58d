import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSecrets, operatorToken } from '@plugmesh/shared/identity';
import { MESH_KEY, MESH_NOTICE } from '@plugmesh/shared/protocol';
import { freePort, RedisServer, startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { AccessDesk } from '../../../gateway/test/support/access-desk.ts';
import { sketchDocument, type PluginSketch } from '../../../gateway/test/support/mesh.ts';
import { FaultInstance } from './fault-instance.ts';

const MAIN = join(import.meta.dirname, '../../../gateway/src/main.ts');

interface Parts {
  readonly redis: RedisServer;
  readonly instances: readonly [FaultInstance, FaultInstance];
  readonly neighbour: FaultInstance;
  readonly folder: string;
  readonly port: number;
  readonly cookie: string;
}

/** One gateway process, the plugin `ships` with two instances, its neighbour `boats` with one, and Redis. */
export class GatewayStage {
  readonly redis: RedisServer;
  readonly instances: Parts['instances'];
  readonly neighbour: FaultInstance;
  readonly port: number;
  /** Of somebody who is logged in for an hour. */
  readonly cookie: string;
  readonly #folder: string;
  #gateway: RunningProcess | undefined;

  private constructor({ redis, instances, neighbour, folder, port, cookie }: Parts) {
    this.redis = redis;
    this.instances = instances;
    this.neighbour = neighbour;
    this.#folder = folder;
    this.port = port;
    this.cookie = cookie;
  }

  static async start(): Promise<GatewayStage> {
    const [redis, one, two, neighbour] = await Promise.all([
      RedisServer.start(),
      FaultInstance.start(),
      FaultInstance.start(),
      FaultInstance.start(),
    ]);
    const folder = await mkdtemp(join(tmpdir(), 'plugmesh-faults-'));
    const stage = new GatewayStage({
      redis,
      instances: [one, two],
      neighbour,
      folder,
      port: await freePort(),
      cookie: await logIn(redis.url),
    });
    await stage.publish(1);
    await stage.#startGateway();
    return stage;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Writes the mesh document and announces it, with these plugins besides the two. */
  async publish(version: number, more: readonly PluginSketch[] = []): Promise<void> {
    const redis = new Redis(this.redis.url);
    const plugins: PluginSketch[] = [
      { id: 'ships', urls: this.instances.map(({ url }) => url), http: { timeoutMs: 30_000 } },
      {
        id: 'boats',
        urls: [this.neighbour.url],
        http: { routes: [{ path: '/cabin/**', guard: 'session' }] },
      },
      ...more,
    ];
    await redis.set(MESH_KEY, JSON.stringify({ ...sketchDocument(plugins), version }));
    await redis.publish(MESH_NOTICE, String(version));
    redis.disconnect();
  }

  /** The sum of a metric over its labels. */
  async metric(name: string, label = ''): Promise<number> {
    const secrets = loadSecrets({ secrets: [], stateDir: join(this.#folder, '.plugmesh') });
    const headers = { Authorization: `Bearer ${operatorToken(secrets)}`, connection: 'close' };
    const text = await (await fetch(`${this.origin}/metrics`, { headers })).text();
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop();
    await Promise.all([...this.instances, this.neighbour].map((each) => each.kill()));
    await this.redis.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #startGateway(): Promise<void> {
    const file = join(this.#folder, 'plugmesh.toml');
    const core = `[core]\nmode = "production"\nredis_url = "${this.redis.url}"\n`;
    await writeFile(file, `${core}[gateway]\nport = ${this.port}\n`);
    this.#gateway = await startProcess(['node', MAIN], {
      cwd: this.#folder,
      env: { PLUGMESH_FILE: file },
      ready: /has started/,
    });
  }
}

async function logIn(redisUrl: string): Promise<string> {
  const desk = new AccessDesk(redisUrl);
  await desk.open();
  const { cookie } = await desk.login();
  await desk.close();
  return cookie;
}
