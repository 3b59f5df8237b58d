import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { FakeClock } from '@plugmesh/sdk/testing';
import express from 'express';
import { ANONYMOUS } from '../../../src/identity/index.ts';
import { createLog } from '../../../src/log/index.ts';
import { connectRedis, whenConnected, type RedisConnection } from '../../../src/redis/index.ts';
import { RedisJobRecords } from '../../../src/sdk/jobs/job-records.ts';
import { Jobs } from '../../../src/sdk/jobs/jobs.ts';
import { answerErrors } from '../../../src/sdk/http/problems.ts';
import { requestInMemory, type TestRequest } from '../../../src/sdk/testing/request-in-memory.ts';
import { eventually, RedisServer } from '../../../src/testing/index.ts';

const log = createLog({ name: 'test', level: 'silent' });

/** One process of a plugin whose jobs sleep for a minute of its own clock: naps until somebody says otherwise, trances not. */
class Instance {
  readonly clock = new FakeClock();
  readonly #jobs: Jobs;
  readonly #server;

  constructor(redis: RedisConnection) {
    const records = new RedisJobRecords(redis, 'naps');
    const identify = () => Promise.resolve(ANONYMOUS);
    this.#jobs = new Jobs({ identify, records, clock: this.clock, log, maxBody: 1000 });
    const router = this.#jobs.router(async ({ progress, signal }) => {
      progress('asleep');
      await this.clock.delay(60_000, signal);
      return 'rested';
    });
    const trances = this.#jobs.router(async ({ progress }) => {
      const depth: { self?: unknown } = {};
      progress(depth);
      // The author's own from here on.
      depth.self = depth;
      await this.clock.delay(60_000);
    });
    const ill = this.#jobs.router(() => Promise.resolve(), { keepMs: 0.5 });
    const app = express().use('/naps', router).use('/trances', trances).use('/ill', ill);
    this.#server = createServer(app.use(answerErrors('naps', log)));
  }

  async ask(path: string, request: TestRequest = {}): Promise<Record<string, unknown>> {
    const response = await requestInMemory((side) => this.#server.emit('connection', side), path, request);
    const text = await response.text();
    const body = text === '' ? {} : (JSON.parse(text) as object);
    return { status: response.status, location: response.headers.get('location'), ...body };
  }

  stop(): Promise<void> {
    return this.#jobs.stop();
  }
}

describe('jobs of a plugin with several instances', () => {
  let redis: RedisServer;
  let connection: RedisConnection;
  let first: Instance;
  let second: Instance;

  before(async () => {
    redis = await RedisServer.start();
    connection = connectRedis(redis.url, { name: 'test', log });
    await whenConnected(connection, 5000);
  });
  after(async () => {
    connection.disconnect();
    await redis.stop();
  });
  beforeEach(() => {
    first = new Instance(connection);
    second = new Instance(connection);
  });
  afterEach(() => Promise.all([first.stop(), second.stop()]));

  const start = async (kind = '/naps'): Promise<string> => {
    const { status, location } = await first.ask(kind, { method: 'POST' });
    assert.equal(status, 202);
    return String(location);
  };
  /** Lets time pass at the first until the second says so. */
  const untilState = async (path: string, state: string): Promise<Record<string, unknown>> =>
    eventually(async () => {
      await first.clock.advance(1000);
      const view = await second.ask(path);
      assert.equal(view['state'], state, JSON.stringify(view));
      return view;
    });

  it('are known to all of them, with progress and result', async () => {
    const path = await start();
    assert.equal((await untilState(path, 'running'))['progress'], 'asleep');
    await first.clock.advance(60_000);
    assert.equal((await untilState(path, 'done'))['result'], 'rested');
  });

  it('are cancelled by any of them', async () => {
    const path = await start();
    assert.equal((await second.ask(path, { method: 'DELETE' }))['status'], 202);
    await untilState(path, 'cancelled');
    assert.equal((await first.ask(path))['state'], 'cancelled');
    assert.equal((await second.ask(path, { method: 'DELETE' }))['status'], 204);
    assert.equal((await first.ask(path))['status'], 404);
  });

  it('stay forgotten when they take no notice of being cancelled', async () => {
    const path = await start('/trances');
    assert.deepEqual((await first.ask(path))['progress'], {});
    assert.equal((await first.ask(path, { method: 'DELETE' }))['state'], 'cancelled');
    assert.equal((await second.ask(path))['state'], 'cancelled');
    assert.equal((await second.ask(path, { method: 'DELETE' }))['status'], 204);
    for (const instance of [first, second]) assert.equal((await instance.ask(path))['status'], 404);
    await first.clock.advance(120_000);
    for (const instance of [first, second]) assert.equal((await instance.ask(path))['status'], 404);
  });

  it('are nothing but jobs, whatever is asked for', async () => {
    const path = await start();
    await second.ask(path, { method: 'DELETE' });
    for (const method of ['GET', 'DELETE'])
      for (const other of [`${path}:cancel`, path.replace('/naps/', '/naps/%2e%2e:cancel-job:')])
        assert.equal((await second.ask(other, { method }))['status'], 404, other);
  });

  it('do not begin when Redis does not keep them', async () => {
    assert.equal((await first.ask('/ill', { method: 'POST' }))['status'], 500);
  });

  it('tell how they ended while Redis was away', async () => {
    const path = await start();
    await redis.kill();
    await first.clock.advance(61_000);
    await redis.resume();
    await whenConnected(connection, 5000);
    assert.equal((await untilState(path, 'done'))['result'], 'rested');
  });

  it('have failed when their process says nothing any more', async () => {
    const path = await start();
    await second.clock.advance(14_000);
    assert.equal((await second.ask(path))['state'], 'running');
    await second.clock.advance(2000);
    const { state, error } = await second.ask(path);
    assert.deepEqual(
      [state, error],
      ['failed', { code: 'MESH_PLUGIN_EXITED', detail: 'the process that ran the job has ended' }],
    );
  });

  it('have failed when their process stops in order', async () => {
    const path = await start();
    await first.stop();
    const { state, error } = await second.ask(path);
    assert.deepEqual([state, (error as { code: string }).code], ['failed', 'MESH_PLUGIN_UNAVAILABLE']);
  });

  it('run to their end while Redis is away, and do not begin then', async () => {
    const path = await start();
    await redis.kill();
    assert.equal((await first.ask(path))['state'], 'running');
    const { status, code } = await first.ask('/naps', { method: 'POST' });
    assert.deepEqual([status, code], [503, 'MESH_REDIS_UNAVAILABLE']);
    await redis.resume();
    await whenConnected(connection, 5000);
    await untilState(path, 'running');
    await first.clock.advance(60_000);
    await untilState(path, 'done');
  });
});
