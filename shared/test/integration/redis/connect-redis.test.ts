import assert from 'node:assert/strict';
import { createLog } from '../../../src/log/index.ts';
import { connectRedis, whenConnected } from '../../../src/redis/index.ts';
import { RedisServer, TcpRelay } from '../../../src/testing/index.ts';

const log = createLog({ name: 'test', level: 'silent' });

/** Under the five seconds that a command may take. */
const AT_ONCE_MS = 3000;

describe('a connection to Redis without a queue', () => {
  it('rejects what is in flight when it is lost, and does not wait for its timeout', async () => {
    const redis = await RedisServer.start();
    const relay = await TcpRelay.start(redis.port);
    const connection = connectRedis(`redis://127.0.0.1:${relay.port}`, { name: 'test', log, queue: false });
    try {
      assert.equal(await whenConnected(connection, 5000), true);
      relay.silence();
      const asked = performance.now();
      const answer = connection.get('x');
      relay.cut();
      relay.resume();
      await assert.rejects(answer);
      assert.ok(performance.now() - asked < AT_ONCE_MS);
      assert.equal(await whenConnected(connection, 5000), true);
    } finally {
      connection.disconnect();
      await relay.stop();
      await redis.stop();
    }
  });
});

describe('who waits for a connection to Redis', () => {
  it('is told at once when it is closed meanwhile, or was before', async () => {
    const redis = await RedisServer.start();
    const connection = connectRedis(redis.url, { name: 'test', log, lazy: true });
    try {
      const began = performance.now();
      const waiting = whenConnected(connection, 10_000);
      connection.disconnect();
      assert.equal(await waiting, false);
      assert.equal(await whenConnected(connection, 10_000), false);
      assert.ok(performance.now() - began < AT_ONCE_MS);
    } finally {
      await redis.stop();
    }
  });
});
