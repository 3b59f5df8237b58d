import assert from 'node:assert/strict';
import { historyLibrary, streamKey } from '@plugmesh/shared/history';
import { createLog } from '@plugmesh/shared/log';
import { closeRedis, connectRedis, publishDurable, type RedisConnection } from '@plugmesh/shared/redis';
import { RedisServer } from '@plugmesh/shared/testing';

describe('publishing to a durable topic', () => {
  let server: RedisServer;
  let redis: RedisConnection;
  const event = { topic: 'orders', event: 'paid', payload: { amount: 3 } };

  before(async () => {
    server = await RedisServer.start();
    const log = createLog({ name: 'test', level: 'silent', mode: 'production' });
    redis = connectRedis(server.url, { name: 'test', log });
  });
  after(async () => {
    await closeRedis(redis);
    await server.stop();
  });

  it('says that the function is not there yet', async () => {
    const result = await publishDurable(redis, event);
    assert.deepEqual(result, {
      ok: false,
      code: 'MESH_REDIS_UNAVAILABLE',
      reason: 'ERR Function not found',
    });
  });

  it('answers the id, and the same one to the same idempotency key', async () => {
    const rules = [{ pattern: 'orders', history: { size: 9, ttlMs: 60_000 } }];
    await redis.call('FUNCTION', 'LOAD', 'REPLACE', historyLibrary(rules, 'test'));
    const first = await publishDurable(redis, { ...event, idempotencyKey: 'order-1' });
    assert.ok(first.ok);
    assert.deepEqual(await publishDurable(redis, { ...event, idempotencyKey: 'order-1' }), first);
    const [entry] = await redis.xrange(streamKey('test', 'orders'), '-', '+');
    assert.deepEqual(entry?.[1].slice(2), ['event', 'paid', 'payload', `{"amount":3,"_id":"${first.id}"}`]);
  });

  it('says why an event was refused', async () => {
    const unmatched = await publishDurable(redis, { ...event, topic: 'other' });
    assert.equal(!unmatched.ok && unmatched.code, 'MESH_TOPIC_UNMATCHED');
    const array = await publishDurable(redis, { ...event, payload: [] });
    assert.deepEqual(array, {
      ok: false,
      code: 'MESH_BAD_REQUEST',
      reason: 'the payload is no JSON object in UTF-8',
    });
  });
});
