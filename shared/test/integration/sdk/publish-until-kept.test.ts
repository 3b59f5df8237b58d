import assert from 'node:assert/strict';
import { historyLibrary, streamKey } from '@plugmesh/shared/history';
import { createLog } from '@plugmesh/shared/log';
import { closeRedis, connectRedis, type RedisConnection } from '@plugmesh/shared/redis';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { publishUntilKept } from '../../../src/sdk/bus/publish-until-kept.ts';

const RULES = [{ pattern: 'orders', history: { size: 9, ttlMs: 60_000 } }];
const EVENT = { topic: 'orders', event: 'paid', payload: { amount: 3 } };

describe('a plugin that publishes to a durable topic', function () {
  this.timeout(30_000);
  let server: RedisServer;
  let redis: RedisConnection;

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = connectRedis(server.url, { name: 'test', log: createLog({ name: 'test', level: 'silent' }) });
  });
  afterEach(async () => {
    await closeRedis(redis);
    await server.stop();
  });

  const load = (): Promise<unknown> =>
    redis.call('FUNCTION', 'LOAD', 'REPLACE', historyLibrary(RULES, 'test'));
  const kept = (): Promise<number> => redis.xlen(streamKey('test', 'orders'));

  it('waits until mesh has loaded the function', async () => {
    const publishing = publishUntilKept(redis, EVENT);
    await load();
    assert.equal((await publishing).ok, true);
    assert.equal(await kept(), 1);
  });

  it('waits for a Redis that is away', async () => {
    await load();
    await server.kill();
    const publishing = publishUntilKept(redis, EVENT);
    await server.resume();
    assert.equal((await publishing).ok, true);
    assert.equal(await kept(), 1);
  });

  it('tries again when the answer was lost, with an idempotency key, and publishes once', async () => {
    await load();
    server.signal('SIGSTOP');
    const withKey = publishUntilKept(redis, { ...EVENT, idempotencyKey: 'order-1' }, 20_000);
    const withoutKey = await publishUntilKept(redis, EVENT, 20_000);
    assert.equal(withoutKey.ok, false);
    server.signal('SIGCONT');
    assert.equal((await withKey).ok, true);
    await eventually(async () => (await kept()) === 2, { what: 'each kept once, when Redis goes on' });
  });

  it('gives up in the end, and at once where the mesh refuses', async () => {
    await load();
    const refused = await publishUntilKept(redis, { ...EVENT, topic: 'other' });
    assert.equal(!refused.ok && refused.code, 'MESH_TOPIC_UNMATCHED');
    await server.kill();
    const away = await publishUntilKept(redis, EVENT, 300);
    assert.equal(!away.ok && away.code, 'MESH_REDIS_UNAVAILABLE');
  });
});
