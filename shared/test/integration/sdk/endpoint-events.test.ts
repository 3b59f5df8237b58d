import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import {
  eventually,
  freePort,
  RedisServer,
  startProcess,
  type RunningProcess,
} from '../../../src/testing/index.ts';

const SOON = { timeoutMs: 15_000 };

/** Stands for `endpoints` behind a gateway: tells of events after a cursor, at most two at once, unless it is away. */
class Endpoints {
  readonly #names: string[] = [];
  readonly #server = createServer((request, response) => {
    this.asked.push({ url: request.url ?? '', headers: request.headers });
    if (this.isAway) response.writeHead(503).end();
    else response.end(JSON.stringify(this.#pageAfter(cursorOf(request))));
  });
  isAway = false;
  /** The first that is still kept. */
  first = 1;
  readonly asked: { readonly url: string; readonly headers: IncomingMessage['headers'] }[] = [];

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Writes down that an endpoint was registered. */
  add(name: string): void {
    this.#names.push(name);
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #pageAfter(after: number): object {
    const events = this.#names.slice(after, after + 2).map((name, at) => ({
      id: after + at + 1,
      event: 'registered',
      at: 1_800_000_000_000,
      endpoint: { guid: name, name, type: 'harbour', subType: null, url: '', owner: null, metadata: {} },
    }));
    return { events, next: after + events.length, complete: after === 0 || after + 1 >= this.first };
  }
}

describe('onEvent', function () {
  this.timeout(60_000);
  let endpoints: Endpoints;
  let redis: RedisServer;
  let bus: Redis;
  let meshUrl: string;
  let plugin: RunningProcess | undefined;
  let url: string;

  beforeEach(async () => {
    endpoints = new Endpoints();
    [redis, meshUrl] = [await RedisServer.start(), await endpoints.start()];
    bus = new Redis(redis.url);
    bus.on('error', () => undefined);
    url = `http://127.0.0.1:${await freePort()}`;
  });
  afterEach(async () => {
    bus.disconnect();
    await plugin?.stop();
    await redis.stop();
    endpoints.stop();
  });

  const start = async (redisUrl: string | undefined = redis.url): Promise<void> => {
    plugin = await startProcess(['node', 'src/main.ts'], {
      cwd: join(import.meta.dirname, '../fixtures/harbour'),
      env: {
        PORT: new URL(url).port,
        PLUGMESH_URL: meshUrl,
        PLUGMESH_TOKEN: 'harbour.token',
        ...(redisUrl !== '' && { REDIS_URL: redisUrl }),
      },
      ready: /has started/,
    });
  };
  const heard = async (): Promise<string> => {
    const lines = (await (await fetch(`${url}/heard`)).json()) as string[];
    return lines.map((line) => line.split(' ')[2]).join(' ');
  };
  const untilHeard = (names: string): Promise<unknown> =>
    eventually(async () => (await heard()) === names, { ...SOON, what: `to hear '${names}'` });
  const untilCursor = (value: string): Promise<unknown> =>
    eventually(async () => (await bus.get('harbour:endpoints:cursor')) === value, SOON);
  const say = (): Promise<number> => bus.publish('to:endpoints:registered', '{}');

  it('hears what was said while it was away, then whatever is new, from its own cursor on', async () => {
    for (const name of ['a', 'b', 'c']) endpoints.add(name);
    await start();
    await untilHeard('a b c');
    endpoints.add('d');
    await say();
    await untilHeard('a b c d');
    const { url: asked, headers } = endpoints.asked[0]!;
    assert.equal(asked, '/api/endpoints/v1/events?limit=100');
    assert.equal(headers.authorization, 'Bearer harbour.token');

    await untilCursor('4');
    await plugin?.kill('SIGKILL');
    endpoints.add('e');
    await start();
    await untilHeard('e');
    await untilCursor('5');
  });

  it('asks again until `endpoints` is there', async () => {
    endpoints.isAway = true;
    endpoints.add('a');
    await start();
    await eventually(() => endpoints.asked.length >= 2, SOON);
    endpoints.isAway = false;
    await untilHeard('a');
  });

  it('misses nothing that was said while Redis was away', async () => {
    await start();
    await untilCursor('0');
    await redis.kill();
    endpoints.add('a');
    await redis.resume();
    await untilHeard('a');
    await untilCursor('1');
  });

  it('says in its log that it was away for longer than events are kept', async () => {
    for (const name of ['a', 'b']) endpoints.add(name);
    await bus.set('harbour:endpoints:cursor', '0');
    await start();
    await untilHeard('a b');
    assert.doesNotMatch(plugin?.output ?? '', /no longer kept/);
    await plugin?.stop();
    for (const name of ['c', 'd', 'e']) endpoints.add(name);
    endpoints.first = 4;
    await start();
    await eventually(() => plugin?.output.includes('no longer kept'), SOON);
  });

  it('hears everything at its start where it has no Redis', async () => {
    for (const name of ['a', 'b', 'c']) endpoints.add(name);
    await start('');
    await untilHeard('a b c');
  });
});

function cursorOf({ url = '' }: IncomingMessage): number {
  return Number(new URL(url, 'http://mesh').searchParams.get('after') ?? 0);
}
