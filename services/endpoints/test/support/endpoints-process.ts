import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyLibrary, streamKey } from '@plugmesh/shared/history';
import { IDENTITY_HEADER, IdentityTokens, pluginToken, type UserIdentity } from '@plugmesh/shared/identity';
import { createLog } from '@plugmesh/shared/log';
import { connectRedis, type RedisConnection } from '@plugmesh/shared/redis';
import {
  eventually,
  freePort,
  RedisServer,
  startProcess,
  type RunningProcess,
} from '@plugmesh/shared/testing';
import { PlayedMesh, SECRETS } from './played-mesh.ts';

const STREAMS = 'test';
const TOPIC = { pattern: 'endpoints', history: { size: 1000, ttlMs: 3_600_000 } };

/** Somebody as the gateway's token says it. */
export function user(name: string, ...roles: string[]): UserIdentity {
  const guards = roles.includes('admin')
    ? (['key', 'session', 'admin'] as const)
    : (['key', 'session'] as const);
  return { kind: 'user', id: `id-of-${name}`, name, roles, guards, session: `session-of-${name}` };
}

export const ADMIN = user('root', 'admin');
export const ADA = user('ada');
export const BOB = user('bob');

/** What is sent besides method and path. */
export interface Sending {
  readonly body?: unknown;
  readonly as?: UserIdentity;
  /** A plugin's own call, for the user or for nobody. */
  readonly plugin?: string;
  readonly operator?: boolean;
}

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly body: ReturnType<typeof JSON.parse>;
}

/** Where a test has the process keep things. */
export interface ProcessOptions {
  readonly config?: object;
}

/** The plugin as a process of its own, with a Redis of its own and a mesh that is played. */
export class EndpointsProcess {
  readonly redis: RedisServer;
  readonly connection: RedisConnection;
  readonly mesh: PlayedMesh;
  readonly stateDir: string;
  config: object;
  readonly #tokens = new IdentityTokens(SECRETS);
  #output = '';
  #port = 0;
  #running: RunningProcess | undefined;

  private constructor(redis: RedisServer, mesh: PlayedMesh, stateDir: string, config: object) {
    this.redis = redis;
    this.mesh = mesh;
    this.stateDir = stateDir;
    this.config = { allowed_networks: ['loopback'], ...config };
    const log = createLog({ name: 'test', level: 'silent' });
    this.connection = connectRedis(redis.url, { name: 'test', log });
  }

  static async start({ config = {} }: ProcessOptions = {}): Promise<EndpointsProcess> {
    const [redis, mesh] = await Promise.all([RedisServer.start(), PlayedMesh.start()]);
    const stateDir = await mkdtemp(join(tmpdir(), 'plugmesh-endpoints-'));
    const started = new EndpointsProcess(redis, mesh, stateDir, config);
    await started.connection.call('FUNCTION', 'LOAD', 'REPLACE', historyLibrary([TOPIC], STREAMS));
    await started.resume();
    return started;
  }

  /** Another process on the same data. */
  async twin(): Promise<EndpointsProcess> {
    const twin = new EndpointsProcess(this.redis, this.mesh, this.stateDir, this.config);
    await twin.resume();
    return twin;
  }

  /** Everything that its processes have written. */
  get output(): string {
    return this.#output + (this.#running?.output ?? '');
  }

  /** Starts the process, again on the same data. */
  async resume(): Promise<void> {
    this.#output = this.output;
    this.#port = await freePort();
    this.#running = await startProcess(['node', 'src/main.ts'], {
      cwd: join(import.meta.dirname, '../..'),
      env: {
        PORT: String(this.#port),
        REDIS_URL: this.redis.url,
        PLUGMESH_STATE: this.stateDir,
        PLUGMESH_URL: this.mesh.url,
        PLUGMESH_TOKEN: pluginToken(SECRETS, 'endpoints'),
        PLUGMESH_CONFIG: JSON.stringify(this.config),
      },
      ready: /has started/,
      timeoutMs: 20_000,
    });
  }

  /** A crash; its data stay. */
  async kill(): Promise<void> {
    await this.#running?.kill();
  }

  /** Ends the process as it should; its data stay. */
  async pause(): Promise<void> {
    await this.#running?.stop();
  }

  /** Ends a twin alone. */
  async leave(): Promise<void> {
    await this.kill();
    this.connection.disconnect();
  }

  async stop(): Promise<void> {
    await this.leave();
    this.mesh.stop();
    await this.redis.stop();
    await rm(this.stateDir, { recursive: true, force: true });
  }

  async send(method: string, path: string, { body, as, plugin, operator }: Sending = {}): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(operator ? { authorization: `Bearer ${pluginToken(SECRETS, 'endpoints')}` } : {}),
        ...(as || plugin !== undefined ? { [IDENTITY_HEADER]: await this.#identity(as, plugin) } : {}),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Has plugins provide these types, and waits until that is known. */
  async provide(types: readonly { type: string; available: boolean }[]): Promise<void> {
    const shown = (all: typeof types): string =>
      all.map(({ type, available }) => `${type}:${available}`).join();
    this.mesh.types = types;
    await eventually(
      async () => shown((await this.send('GET', '/v1/types', { as: ADA })).body.types) === shown(types),
    );
  }

  /** Registers an endpoint for everybody; resolves to its id. */
  async register(wish: object): Promise<string> {
    const { status, body } = await this.send('POST', '/v1/endpoints', { as: ADMIN, body: wish });
    assert.equal(status, 201, JSON.stringify(body));
    return body.guid as string;
  }

  /** Unregisters everything, with the connections. */
  async unregisterAll(): Promise<void> {
    const { body } = await this.send('GET', '/v1/endpoints', { as: ADMIN });
    for (const { guid } of body.endpoints) await this.send('DELETE', `/v1/endpoints/${guid}`, { as: ADMIN });
  }

  /** What was published to the durable topic, in order. */
  async events(): Promise<{ event: string; payload: ReturnType<typeof JSON.parse> }[]> {
    const entries = await this.connection.xrange(streamKey(STREAMS, 'endpoints'), '-', '+');
    return entries.map(([, fields]) => {
      const values = Object.fromEntries(
        fields.map((name, at) => [name, fields[at + 1]]).filter((_, at) => at % 2 === 0),
      );
      return { event: String(values['event']), payload: JSON.parse(String(values['payload'])) as unknown };
    });
  }

  /** All bytes of the state folder, keys aside. */
  async storedBytes(): Promise<string> {
    const names = (await readdir(this.stateDir)).filter((name) => name.includes('.sqlite'));
    const files = await Promise.all(names.map((name) => readFile(join(this.stateDir, name), 'latin1')));
    return files.join('');
  }

  #identity(as: UserIdentity | undefined, plugin: string | undefined): Promise<string> {
    if (plugin === undefined) return this.#tokens.sign(as ?? ADA, 'endpoints');
    return this.#tokens.sign({ kind: 'plugin', id: plugin, ...(as ? { actingFor: as } : {}) }, 'endpoints');
  }
}
