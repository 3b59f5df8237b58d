import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSecrets, operatorToken, type Secrets } from '@plugmesh/shared/identity';
import type { TopicRule } from '@plugmesh/shared/mesh-document';
import { MESH_KEY } from '@plugmesh/shared/protocol';
import { freePort } from '@plugmesh/shared/testing';
import type { Redis } from 'ioredis';
import { ServerProcess } from './server-process.ts';

/** The Redis that servers under test are fed through. */
export interface Feed {
  readonly url: string;
  readonly publisher: Redis;
}

/** One channel process as in production, without a mesh. */
export class BenchChannel {
  readonly port: number;
  readonly file: string;
  readonly #folder: string;
  #process: ServerProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
    this.file = join(folder, 'plugmesh.toml');
  }

  /** `sections` follow the settings of `[channel]`. */
  static async start({ url }: Feed, sections = ''): Promise<BenchChannel> {
    const folder = await mkdtemp(join(tmpdir(), 'plugmesh-bench-'));
    const channel = new BenchChannel(await freePort(), folder);
    const core = `[core]\nmode = "production"\nlog_level = "error"\nredis_url = "${url}"\n`;
    const own = `[channel]\nport = ${channel.port}\nundeclared_topics = "public"\n`;
    await writeFile(channel.file, core + own + sections);
    await channel.resume();
    return channel;
  }

  get process(): ServerProcess {
    if (!this.#process) throw new Error('the channel process does not run');
    return this.#process;
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.port}/socket`;
  }

  get secrets(): Secrets {
    return loadSecrets({ secrets: [], stateDir: join(this.#folder, '.plugmesh') });
  }

  /** Starts the process, again after it has ended. */
  async resume(): Promise<void> {
    const env = { PLUGMESH_FILE: this.file };
    const argv = [process.execPath, 'channel/src/main.ts'] as const;
    this.#process = await ServerProcess.start('plugmesh channel', argv, { port: this.port, env });
  }

  /** Makes these the only topics, as mesh would. */
  async useTopics({ publisher }: Feed, topics: readonly TopicRule[]): Promise<void> {
    const control = { url: 'http://127.0.0.1:1' };
    const channel = { url: `http://127.0.0.1:${this.port}` };
    const head = { format: 1, version: 1, mode: 'production', plugins: [], middleware: [] };
    await publisher.set(MESH_KEY, JSON.stringify({ ...head, control, channel, topics }));
    await publisher.publish(MESH_KEY, String(head.version));
  }

  /** One value of `GET /metrics`, without labels. */
  async metric(name: string): Promise<number> {
    const headers = { Authorization: `Bearer ${operatorToken(this.secrets)}` };
    const text = await (await fetch(`http://127.0.0.1:${this.port}/metrics`, { headers })).text();
    return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
  }
}
