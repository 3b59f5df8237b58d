import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyLibrary, STREAMS_KEY } from '@plugmesh/shared/history';
import { loadSecrets, operatorToken } from '@plugmesh/shared/identity';
import { MESH_KEY } from '@plugmesh/shared/protocol';
import { eventually, freePort, RedisServer, TcpRelay } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { STREAMS, TOPICS } from '../../../channel/test/support/channel-process.ts';
import { Channels } from './channels.ts';
import { Page, type PageOptions } from './page.ts';
import { Publisher } from './publisher.ts';

/** How large a fault is played. */
export interface StageOptions {
  /** Official clients; default 300. */
  readonly clients?: number;
  /** Channel processes on one port; default 2. */
  readonly processes?: number;
  /** Pause between two events of a topic; default 40. */
  readonly everyMs?: number;
  /** Lines of the `[channel]` section, or sections that follow it. */
  readonly settings?: string;
  readonly page?: Omit<PageOptions, 'port'>;
}

// Few: where the cluster module accepts, it gives a burst to whichever process is quicker.
const PAGES_AT_ONCE = 10;

/** Everything that a fault needs: Redis, channel processes behind a relay to it, a relay for clients, and a publisher. */
export class Stage {
  readonly redis: RedisServer;
  /** Between channel and Redis; the publisher does not use it. */
  readonly busRelay: TcpRelay;
  /** In front of channel, for clients whose network is to fail. */
  readonly clientRelay: TcpRelay;
  readonly port: number;
  readonly channels: Channels;
  readonly publisher: Publisher;
  readonly pages: Page[] = [];
  readonly #folder: string;

  private constructor(
    parts: Pick<Stage, 'redis' | 'busRelay' | 'clientRelay' | 'port' | 'channels'>,
    options: { folder: string; everyMs: number },
  ) {
    this.redis = parts.redis;
    this.busRelay = parts.busRelay;
    this.clientRelay = parts.clientRelay;
    this.port = parts.port;
    this.channels = parts.channels;
    this.publisher = new Publisher(parts.redis.url, options.everyMs);
    this.#folder = options.folder;
  }

  static async start({ processes = 2, everyMs = 40, settings = '' }: StageOptions): Promise<Stage> {
    const redis = await RedisServer.start();
    await playMesh(redis.url);
    const [busRelay, port] = [await TcpRelay.start(redis.port), await freePort()];
    const folder = await mkdtemp(join(tmpdir(), 'plugmesh-faults-'));
    const file = join(folder, 'plugmesh.toml');
    const core = `[core]\nmode = "production"\nredis_url = "redis://127.0.0.1:${busRelay.port}"\n`;
    await writeFile(file, `${core}[channel]\nport = ${port}\n${settings}\n`);
    const channels = await Channels.start({ file, port, count: processes });
    const clientRelay = await TcpRelay.start(port);
    return new Stage({ redis, busRelay, clientRelay, port, channels }, { folder, everyMs });
  }

  /** Opens pages, a few at a time, until all are in their topics. */
  async open(count: number, options: Omit<PageOptions, 'port'> & { port?: number } = {}): Promise<Page[]> {
    const opened: Page[] = [];
    while (opened.length < count) {
      const some = Math.min(PAGES_AT_ONCE, count - opened.length);
      for (let n = 0; n < some; n++) opened.push(new Page({ port: this.port, ...options }));
      await eventually(() => opened.every(({ isJoined }) => isJoined), {
        timeoutMs: 60_000,
        what: 'every page in its topics',
      });
    }
    this.pages.push(...opened);
    return opened;
  }

  /** A number that channel counts, where there is one process of it; `label` is one that it carries. */
  async metric(name: string, label = ''): Promise<number> {
    const secrets = loadSecrets({ secrets: [], stateDir: join(this.#folder, '.plugmesh') });
    const headers = { Authorization: `Bearer ${operatorToken(secrets)}`, connection: 'close' };
    const text = await (await fetch(`${this.channels.url}/metrics`, { headers })).text();
    const line = text.split('\n').find((each) => each.startsWith(name) && each.includes(label));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  async stop(): Promise<void> {
    for (const page of this.pages) page.close();
    await this.publisher.stop();
    await this.clientRelay.stop();
    await this.channels.stop();
    await this.busRelay.stop();
    await this.redis.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** What the control process does: puts the mesh document and the function of durable topics into Redis. */
export async function playMesh(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl);
  const url = 'http://127.0.0.1:1';
  const document = { format: 1, version: Date.now(), mode: 'production', plugins: [], middleware: [] };
  await redis.set(
    MESH_KEY,
    JSON.stringify({ ...document, control: { url }, channel: { url }, topics: TOPICS }),
  );
  await redis.set(STREAMS_KEY, STREAMS);
  await redis.call('FUNCTION', 'LOAD', 'REPLACE', historyLibrary(TOPICS, STREAMS));
  await redis.publish(MESH_KEY, String(document.version));
  redis.disconnect();
}
