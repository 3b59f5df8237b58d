import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@plugmesh/shared/log';
import {
  BusPublisher,
  connectRedis,
  Subscription,
  whenConnected,
  type RedisConnection,
} from '@plugmesh/shared/redis';
import {
  eventually,
  freePort,
  RedisServer,
  startProcess,
  type RunningProcess,
} from '@plugmesh/shared/testing';
import type { InterfaceReport } from '../../src/network-rates.ts';
import type { NodeUpdate, SystemReport } from '../../src/system-report.ts';

const log = createLog({ name: 'test', level: 'silent' });

interface Message {
  readonly channel: string;
  readonly payload: unknown;
  readonly at: number;
}

/** Bytes of a field of /proc/meminfo, which is in KiB. */
function memoryBytes(field: string): number {
  const kibibytes = new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(
    readFileSync('/proc/meminfo', 'utf8'),
  )?.[1];
  return Number(kibibytes) * 1024;
}

const procUptime = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

describe('the system plugin', () => {
  let redis: RedisServer;
  let running: RunningProcess;
  let url: string;
  let connection: RedisConnection;
  let publisher: BusPublisher;
  let listener: Subscription;
  const messages: Message[] = [];

  const latest = (channel: string, el?: NodeUpdate['el']): Message | undefined =>
    messages.findLast(
      (message) => message.channel === channel && (!el || (message.payload as NodeUpdate).el === el),
    );
  const value = async (el: NodeUpdate['el']): Promise<string> => {
    messages.splice(0);
    const update = await eventually(() => latest('to:system:update-node', el));
    return (update.payload as NodeUpdate).value;
  };

  before(async () => {
    redis = await RedisServer.start();
    connection = connectRedis(redis.url, { name: 'test', log });
    publisher = new BusPublisher(connection);
    await whenConnected(connection, 5000);
    listener = new Subscription({
      redisUrl: redis.url,
      name: 'listener',
      log,
      patterns: ['to:system:*'],
      onMessage: (channel, payload) =>
        messages.push({ channel, payload: JSON.parse(payload.toString()), at: performance.now() }),
    });
    await listener.start();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    running = await startProcess(['node', 'src/main.ts'], {
      cwd: join(import.meta.dirname, '../..'),
      env: { PORT: String(port), REDIS_URL: redis.url },
      ready: /has started/,
    });
  });
  after(async () => {
    await running.stop();
    await listener.stop();
    connection.disconnect();
    await redis.stop();
  });

  const get = async <Body>(path: string): Promise<Body> => (await (await fetch(url + path)).json()) as Body;

  it('answers with the values of this machine, as /proc has them', async () => {
    const report = await get<SystemReport>('/');
    assertNear(report.uptimeSeconds, procUptime(), 2);
    assert.equal(report.memory.totalBytes, memoryBytes('MemTotal'));
    assertNear(report.memory.availableBytes, memoryBytes('MemAvailable'), report.memory.totalBytes / 50);
    const load = readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).map(Number);
    report.load.forEach((average, index) => assertNear(average, load[index]!, 0.5));
    const processors = readFileSync('/proc/cpuinfo', 'utf8').match(/^processor/gm)!.length;
    assert.equal(report.cpu.cores, processors);
  });

  it('knows every interface of /proc/net/dev with all its addresses as CIDR', async () => {
    const interfaces = await get<InterfaceReport[]>('/net');
    const names = [...readFileSync('/proc/net/dev', 'utf8').matchAll(/^ *(.+?):/gm)].map(([, name]) => name);
    for (const name of names)
      assert.ok(
        interfaces.some(({ iface }) => iface === name),
        name,
      );
    for (const { iface, addresses } of interfaces) {
      assert.deepEqual(
        addresses,
        (networkInterfaces()[iface] ?? []).map(({ cidr }) => cidr),
      );
    }
    assert.ok(interfaces.find(({ iface }) => iface === 'lo')?.addresses.includes('127.0.0.1/8'));
  });

  it('sees the traffic of the loopback interface', async () => {
    const megabyte = Buffer.alloc(1 << 20);
    const server = createServer((_request, response) => response.end(megabyte));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const loopback = async (): Promise<InterfaceReport> => {
      const body = await (await fetch(`http://127.0.0.1:${port}`)).arrayBuffer();
      assert.equal(body.byteLength, megabyte.length);
      return (await get<InterfaceReport[]>('/net')).find(({ iface }) => iface === 'lo')!;
    };
    const busy = await eventually(async () => {
      const report = await loopback();
      return (report.rate?.receive ?? 0) > 1e6 && report;
    });
    server.close();
    server.closeAllConnections();
    assert.equal(busy.rate?.receive, busy.rate?.send, 'what loopback sends, it receives');
    assert.match(busy.rx, /^\d+\.\d\d[MG]Bps$/);
  });

  it('publishes each element once a second, in the shape {"el", "value"}', async () => {
    messages.splice(0);
    await eventually(() => messages.filter(({ channel }) => channel === 'to:system:net').length >= 3);
    for (const el of ['uptime', 'info_utc', 'cpu_load', 'ram_usage'] as const) {
      const updates = messages.filter(({ payload }) => (payload as NodeUpdate).el === el);
      assert.ok(updates.length >= 2, el);
      assert.deepEqual(Object.keys(updates[0]!.payload as object), ['el', 'value']);
      assertNear(updates[1]!.at - updates[0]!.at, 1000, 400);
    }
  });

  it('publishes the uptime, clock, load and memory of this machine', async () => {
    const [, days = '0', hours, minutes, seconds] =
      /^(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)$/.exec(await value('uptime')) ?? [];
    const total = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
    assertNear(total, procUptime(), 2);
    assertNear(Date.parse(await value('info_utc')), Date.now(), 2000);
    const used = 100 * (1 - memoryBytes('MemAvailable') / memoryBytes('MemTotal'));
    assertNear(Number.parseFloat(await value('ram_usage')), used, 2);
    assert.match(await value('cpu_load'), /^\d{1,3}\.\d%$/);
  });

  it('publishes the interfaces as GET /net has them', async () => {
    messages.splice(0);
    const net = await eventually(() => latest('to:system:net'));
    const names = (net.payload as InterfaceReport[]).map(({ iface }) => iface);
    assert.deepEqual(
      names,
      (await get<InterfaceReport[]>('/net')).map(({ iface }) => iface),
    );
  });

  for (const nonce of ['abc', '', 7]) {
    it(`answers an echo with its nonce, ${JSON.stringify(nonce)}`, async () => {
      messages.splice(0);
      await publisher.publishFrom('system', 'echo', { nonce });
      const answer = await eventually(() => latest('to:system:echo_result'));
      assert.deepEqual(answer.payload, { nonce });
    });
  }

  it('ignores echoes that browsers have made up, and goes on', async () => {
    messages.splice(0);
    for (const payload of [null, [], 'x', {}, { nonce: {} }, { nonce: 'x'.repeat(256) }]) {
      await publisher.publishFrom('system', 'echo', payload);
    }
    await connection.publish('from:system:echo', '{');
    await publisher.publishFrom('system', 'echo', { nonce: 'last' });
    const answer = await eventually(() => latest('to:system:echo_result'));
    assert.deepEqual(answer.payload, { nonce: 'last' });
  });

  it('describes its API', async () => {
    const { paths } = await get<{ paths: object }>('/openapi.json');
    assert.deepEqual(Object.keys(paths), ['/', '/net']);
  });

  it('goes on publishing after Redis was killed and came back', async () => {
    await redis.kill();
    assert.equal((await fetch(url)).status, 200);
    await redis.resume();
    await eventually(() => listener.live, { timeoutMs: 10_000 });
    messages.splice(0);
    await eventually(() => latest('to:system:update-node'), { timeoutMs: 10_000 });
    assert.equal(running.exit, undefined);
  });
});
