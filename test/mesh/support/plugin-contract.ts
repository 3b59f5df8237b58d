import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { loadConfig } from '@plugmesh/shared/config';
import { loadSecrets } from '@plugmesh/shared/identity';
import { pluginRedisUrl, pluginRights, pluginUser } from '@plugmesh/shared/redis-users';
import { eventually, freePort, RedisServer, type RunningProcess } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { BusListener } from './bus-listener.ts';
import { startPlugin, type Built, type Language } from './languages.ts';

/** What the contract gives a plugin to stop. */
const STOP_MS = 5000;

/** Payloads that a browser may make up and no plugin may answer, or fall over. */
const HOSTILE: readonly (readonly [name: string, payload: string | Buffer])[] = [
  ['null', 'null'],
  ['an array', '[{"nonce":1}]'],
  ['text', '"nonce"'],
  ['no nonce', '{}'],
  ['a nonce of null', '{"nonce":null}'],
  ['a nonce of true', '{"nonce":true}'],
  ['a nonce that is an object', '{"nonce":{"nonce":1}}'],
  ['a nonce of 256 characters', `{"nonce":"${'x'.repeat(256)}"}`],
  ['a nonce that is no JSON number', '{"nonce":NaN}'],
  ['a nonce beyond all numbers', '{"nonce":1e999}'],
  ['half of JSON', '{"nonce":'],
  ['nothing', ''],
  ['bytes', Buffer.from([0xff, 0xfe, 0, 0x7b, 0x80])],
  ['a deep pit', '{"nonce":'.repeat(100_000)],
  ['a deep pit of arrays', '['.repeat(100_000)],
  ['four megabytes', `{"nonce":["${'x'.repeat(4 << 20)}"]}`],
];

/** Declares the tests of what each of them does, seen from outside. */
export function keepsTheContract({ id, language, figure }: Language, plugin: () => Built): void {
  let redis: RedisServer;
  let bus: BusListener;
  let running: RunningProcess;
  let url: string;

  const start = async (redisUrl: string): Promise<RunningProcess> => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    return startPlugin(plugin(), { port, redisUrl });
  };

  const cleanUps: (() => Promise<unknown>)[] = [];

  before(async () => {
    redis = await RedisServer.start();
    cleanUps.push(() => redis.stop());
    bus = new BusListener(redis.url, id);
    cleanUps.push(() => bus.stop());
    await bus.start();
    running = await start(redis.url);
    cleanUps.push(() => running.stop());
    await bus.untilAnswered('first');
  });
  // There is nothing to clean up where the plugin was skipped.
  after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  });

  it('greets and says that it is well', async () => {
    for (const path of ['/', '/healthz']) {
      const response = await fetch(url + path);
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    }
    assert.deepEqual(await (await fetch(url)).json(), { hello: 'mesh', language });
    assert.equal((await fetch(`${url}/nowhere`)).status, 404);
  });

  it('publishes once a second how its process is, as the system has it', async () => {
    const first = await bus.next('process');
    const { payload, atMs } = await bus.next('process');
    const fields = ['language', 'version', 'pid', 'uptimeSeconds', 'memoryBytes', figure];
    assert.deepEqual(Object.keys(payload).sort(), fields.sort());
    assert.equal(payload['language'], language);
    assert.match(String(payload['version']), /^\d+\.\d+/);
    assert.equal(payload['pid'], running.pid);
    const resident = statusOf(running.pid, 'VmRSS') * 1024;
    assert.ok(
      Math.abs(Number(payload['memoryBytes']) / resident - 1) < 0.3,
      `${resident}: ${String(payload['memoryBytes'])}`,
    );
    assert.ok(Number.isInteger(payload[figure]) && Number(payload[figure]) > 0, String(payload[figure]));
    const elapsed = Number(payload['uptimeSeconds']) - Number(first.payload['uptimeSeconds']);
    assert.ok(elapsed > 0.5 && elapsed < 3, `${elapsed} s by its own clock`);
    assert.ok(atMs - first.atMs > 500 && atMs - first.atMs < 3000, `${atMs - first.atMs} ms by ours`);
  });

  for (const nonce of ['abc', '', 'ü'.repeat(255), '<&\u2028"\\', 7, -1.5, 0]) {
    it(`answers a push with its nonce, ${JSON.stringify(nonce).slice(0, 12)}`, async () => {
      const answer = bus.next('echo_result');
      await bus.push('echo', { nonce, more: ['ignored'] });
      assert.deepEqual((await answer).payload, { nonce, language });
    });
  }

  it('answers whatever the event is called', async () => {
    const answer = bus.next('any thing.at/all_result');
    await bus.push('any thing.at/all', { nonce: 1 });
    assert.deepEqual((await answer).payload, { nonce: 1, language });
  });

  it('answers neither joins, nor leaves, nor pushes of other topics', async () => {
    bus.messages.splice(0);
    for (const event of ['phx_join', 'phx_leave']) await bus.push(event, { nonce: 1 });
    await bus.publishRaw(`from:${id}:room:ping`, '{"nonce":1}');
    await bus.publishRaw(Buffer.concat([Buffer.from(`from:${id}:`), Buffer.from([0xff])]), '{}');
    await bus.untilAnswered('last');
    assert.deepEqual(answers(), ['last']);
  });

  it('answers no payload that somebody made up, and goes on', async () => {
    bus.messages.splice(0);
    for (const [, payload] of HOSTILE) await bus.publishRaw(`from:${id}:echo`, payload);
    await bus.untilAnswered('last');
    assert.deepEqual(answers(), ['last']);
    assert.equal(running.exit, undefined, running.output);
  });

  it('serves while Redis is away, and goes on by itself when it is back', async () => {
    await redis.kill();
    assert.equal((await fetch(url)).status, 200);
    await redis.resume();
    await bus.untilAnswered('again', 30_000);
    await bus.next('process');
    assert.equal(running.exit, undefined, running.output);
  });

  it('starts and serves without Redis, and finds it when it comes', async () => {
    await redis.kill();
    const early = await start(redis.url);
    try {
      assert.equal((await fetch(url)).status, 200);
      await redis.resume();
      const ofEarly = ({ payload }: { payload: Record<string, unknown> }): boolean =>
        payload['pid'] === early.pid;
      await eventually(() => bus.heard('process').some(ofEarly), { timeoutMs: 20_000 });
    } finally {
      await early.stop();
    }
  });

  it('starts before it has a Redis user, and is let in when there is one', async () => {
    const secrets = loadSecrets({ secrets: ['a secret of nobody else'], stateDir: '' });
    const early = await start(pluginRedisUrl(redis.url, secrets, id));
    const owner = new Redis(redis.url);
    try {
      assert.equal((await fetch(url)).status, 200);
      const config = loadConfig({ file: join(import.meta.dirname, '../../../plugmesh.toml'), env: {} });
      const rights = pluginRights(id, { config, secrets, topics: plugin().manifest.topics });
      await owner.call('ACL', 'SETUSER', pluginUser(id), ...rights);
      await eventually(() => bus.heard('process').some(({ payload }) => payload['pid'] === early.pid), {
        timeoutMs: 20_000,
      });
      const isAnsweredByBoth = async (): Promise<boolean> => {
        const before = bus.heard('echo_result').length;
        await bus.push('echo', { nonce: 'both' });
        return eventually(() => bus.heard('echo_result').length >= before + 2, { timeoutMs: 500 });
      };
      await eventually(isAnsweredByBoth, { timeoutMs: 20_000 });
    } finally {
      owner.disconnect();
      await early.stop();
    }
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops on ${signal} with an idle connection open, exit code 0`, async () => {
      const other = await start(redis.url);
      const agent = new Agent({ keepAlive: true });
      await requestBy(agent, url);
      const { code, signal: by } = await withinStopTime(other.kill(signal));
      agent.destroy();
      assert.deepEqual([code, by], [0, null], other.output);
    });

    it(`stops on ${signal} with Redis away and half of a request open, exit code 0`, async () => {
      const other = await start('redis://127.0.0.1:1');
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write('GET / HTTP/1.1\r\nHost: half');
      // An answer on another connection: the process has seen this one.
      await fetch(url);
      const { code, signal: by } = await withinStopTime(other.kill(signal));
      socket.destroy();
      assert.deepEqual([code, by], [0, null], other.output);
    });
  }

  function answers(): unknown[] {
    const results = bus.messages.filter(({ channel }) => channel.endsWith('_result'));
    return [...new Set(results.map(({ payload }) => payload['nonce']))];
  }
}

async function withinStopTime<Value>(stopped: Promise<Value>): Promise<Value> {
  const startedAt = performance.now();
  const value = await stopped;
  const took = performance.now() - startedAt;
  assert.ok(took < STOP_MS, `it took ${took.toFixed(0)} ms`);
  return value;
}

/** A request whose connection stays open and idle afterwards. */
async function requestBy(agent: Agent, url: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    get(url, { agent }, (response) => response.resume().once('end', resolve)).once('error', reject);
  });
}

/** A number of /proc/<pid>/status. */
function statusOf(pid: number, field: string): number {
  return Number(
    new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1],
  );
}
