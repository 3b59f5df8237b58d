import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IdentityTokens, loadSecrets, operatorToken } from '@plugmesh/shared/identity';
import { historyKey, historyLibrary, STREAMS_KEY, streamKey } from '@plugmesh/shared/history';
import type { TopicRule } from '@plugmesh/shared/mesh-document';
import { MESH_KEY } from '@plugmesh/shared/protocol';
import {
  eventually,
  freePort,
  RedisServer,
  startProcess,
  type RunningProcess,
} from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
/** The same for all, so that several processes are one mesh. */
const SECRET = 'the one secret of all processes of a test';
/** The name under which durable topics are kept in a test's Redis. */
export const STREAMS = 'of-a-test';

/** A topic rule that allows everything and asks for nothing, changed by `rule`. */
export function topicRule(rule: Partial<TopicRule> & Pick<TopicRule, 'pattern'>): TopicRule {
  const open = { join: 'public', push: 'public', presence: false, envelope: false } as const;
  return { plugin: 'mesh', overflow: 'disconnect', ...open, ...rule };
}

export const TOPICS = [
  topicRule({ pattern: 'system' }),
  topicRule({ pattern: 'room:*' }),
  topicRule({ pattern: 'oldest:*', overflow: 'drop-oldest' }),
  topicRule({ pattern: 'latest:*', overflow: 'latest' }),
  topicRule({ pattern: 'lobby', presence: true }),
  topicRule({ pattern: 'asked:*', envelope: true }),
  topicRule({ pattern: 'silent', push: 'none' }),
  topicRule({ pattern: 'members', join: 'session' }),
  topicRule({ pattern: 'admin', join: 'admin', push: 'admin' }),
  topicRule({ pattern: 'log:*', history: { size: 100_000, ttlMs: 3_600_000 } }),
  topicRule({ pattern: 'short:*', history: { size: 10, ttlMs: 3_600_000 } }),
  topicRule({ pattern: 'streaming-*', join: 'owner', push: 'owner' }),
];

/** A real channel process, with a Redis of its own or one that several share. */
export class ChannelProcess {
  /** As the gateway has them. */
  readonly tokens = new IdentityTokens(loadSecrets({ secrets: [SECRET], stateDir: '' }));
  readonly redis: RedisServer;
  readonly bus: Redis;
  readonly port: number;
  readonly #folder: string;
  readonly #ownsRedis: boolean;
  #process: RunningProcess | undefined;

  private constructor(redis: RedisServer, port: number, folder: string, ownsRedis: boolean) {
    this.redis = redis;
    this.#ownsRedis = ownsRedis;
    this.bus = new Redis(redis.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    this.bus.on('error', () => undefined);
    this.port = port;
    this.#folder = folder;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.port}/socket/websocket?vsn=2.0.0`;
  }

  get output(): string {
    return this.#process?.output ?? '';
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** `settings` are lines of the `[channel]` section, or sections that follow it. */
  static async start(settings = '', shared?: RedisServer): Promise<ChannelProcess> {
    const redis = shared ?? (await RedisServer.start());
    const folder = await mkdtemp(join(tmpdir(), 'plugmesh-channel-'));
    const channel = new ChannelProcess(redis, await freePort(), folder, !shared);
    const core = `[core]\nmode = "production"\nlog_level = "debug"\nredis_url = "${redis.url}"\n`;
    await writeFile(join(folder, 'plugmesh.toml'), `${core}[channel]\nport = ${channel.port}\n${settings}\n`);
    await channel.useTopics(TOPICS);
    await channel.resume();
    return channel;
  }

  async useTopics(topics: readonly TopicRule[]): Promise<void> {
    const [control, own] = [{ url: 'http://127.0.0.1:1' }, { url: this.url }];
    const head = { format: 1, version: Date.now(), mode: 'production', plugins: [], middleware: [] };
    await this.bus.set(MESH_KEY, JSON.stringify({ ...head, control, channel: own, topics }));
    await this.bus.set(STREAMS_KEY, STREAMS);
    await this.bus.call('FUNCTION', 'LOAD', 'REPLACE', historyLibrary(topics, STREAMS));
    await this.bus.publish(MESH_KEY, String(head.version));
  }

  /** Publishes to a durable topic; resolves to the event's id. */
  async publishDurable(topic: string, payload: object, once = ''): Promise<string> {
    const parameters = ['plugmesh_publish', '1', historyKey(topic), 'tick', JSON.stringify(payload), once];
    return String(await this.bus.call('FCALL', ...parameters));
  }

  /** As if the message had been lost on the way: the event is in the stream, and nobody is told. */
  async publishUnheard(topic: string, payload: object): Promise<string> {
    await this.bus.call('FUNCTION', 'LOAD', 'REPLACE', deafLibrary());
    const parameters = ['plugmesh_publish_unheard', '1', historyKey(topic), 'tick', JSON.stringify(payload)];
    return String(await this.bus.call('FCALL', ...parameters));
  }

  /** Starts the process, again after `kill`. */
  async resume(): Promise<void> {
    const env = { PLUGMESH_FILE: join(this.#folder, 'plugmesh.toml'), PLUGMESH_SECRET: SECRET };
    this.#process = await startProcess(['node', MAIN], { env, ready: /channel listens on/ });
    await this.untilReady();
  }

  async untilReady(): Promise<void> {
    await eventually(async () => (await fetch(`${this.url}/readyz`)).ok, { timeoutMs: 10_000 });
  }

  /** The value of one row of the metrics, `name` or `name{label="value"}`; 0 when there is none. */
  async metric(row: string): Promise<number> {
    const line = (await this.metrics()).split('\n').find((each) => each.startsWith(`${row} `));
    return Number(line?.slice(row.length) ?? 0);
  }

  /** Ends the process as a crash does, or with the signal. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.kill(signal);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    this.bus.disconnect();
    if (this.#ownsRedis) await this.redis.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What `GET /metrics` answers to the operator. */
  async metrics(): Promise<string> {
    return (await this.operator('GET', '/metrics')).text();
  }

  /** Sends a request as the operator; a body that is no text goes out as JSON. */
  async operator(method: string, path: string, body?: unknown, headers: object = {}): Promise<Response> {
    const secrets = loadSecrets({ secrets: [SECRET], stateDir: this.#folder });
    const authorization = `Bearer ${operatorToken(secrets)}`;
    return fetch(this.url + path, {
      method,
      headers: { authorization, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  /** Collects what is published with a pattern. */
  async listen(pattern: string): Promise<BusRecord> {
    const record = new BusRecord(this.redis.url);
    await record.start(pattern);
    return record;
  }
}

/** The Redis stream of a durable topic. */
export function historyStream(topic: string): string {
  return streamKey(STREAMS, topic);
}

/** The library under other names, and without its PUBLISH. */
function deafLibrary(): string {
  return historyLibrary(TOPICS, STREAMS)
    .replace('name=plugmesh', 'name=plugmesh_unheard')
    .replace("'plugmesh_publish'", "'plugmesh_publish_unheard'")
    .replace(/redis\.call\('PUBLISH'.*/, '');
}

/** What was published on the bus, in order. */
export class BusRecord {
  readonly messages: [channel: string, payload: Buffer][] = [];
  readonly #connection: Redis;

  constructor(url: string) {
    this.#connection = new Redis(url);
  }

  async start(pattern: string): Promise<void> {
    this.#connection.on('pmessageBuffer', (_: Buffer, channel: Buffer, payload: Buffer) => {
      this.messages.push([channel.toString(), payload]);
    });
    await this.#connection.psubscribe(pattern);
  }

  /** The payload of the first message of this channel, once there is one. */
  async payload(channel: string): Promise<Buffer> {
    const found = await eventually(() => this.messages.find(([name]) => name === channel), { what: channel });
    return found[1];
  }

  stop(): void {
    this.#connection.disconnect();
  }
}
