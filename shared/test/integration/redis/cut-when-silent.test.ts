import assert from 'node:assert/strict';
import { createLog } from '../../../src/log/index.ts';
import { connectRedis, whenConnected, type RedisConnection } from '../../../src/redis/index.ts';
import { eventually, RedisServer, TcpRelay } from '../../../src/testing/index.ts';

const log = createLog({ name: 'test', level: 'silent' });

describe('a connection to Redis that goes silent', function () {
  this.timeout(30_000);
  let redis: RedisServer;
  let relay: TcpRelay;
  let connection: RedisConnection;

  beforeEach(async () => {
    redis = await RedisServer.start();
    relay = await TcpRelay.start(redis.port);
    const url = `redis://127.0.0.1:${relay.port}`;
    connection = connectRedis(url, { name: 'test', log, silentMs: 600 });
    await whenConnected(connection, 5000);
  });
  afterEach(async () => {
    connection.disconnect();
    await relay.stop();
    await redis.stop();
  });

  it('is opened anew, until an answer comes', async () => {
    let closed = 0;
    connection.on('close', () => closed++);
    relay.silence();
    await eventually(() => closed >= 2, { what: 'the end of the first and of the next silent connection' });
    relay.resume();
    assert.equal(await whenConnected(connection, 10_000), true);
    assert.equal(await connection.ping(), 'PONG');
  });

  it('stays while it answers, also when it was we who stood still with the answer on its way', async () => {
    const { stream } = connection;
    const ping = connection.ping.bind(connection);
    let stalls = 0;
    connection.ping = () => {
      const answer = ping();
      const until = performance.now() + (++stalls > 2 ? 0 : 1000);
      while (performance.now() < until);
      return answer;
    };
    await eventually(() => stalls > 3, { timeoutMs: 10_000 });
    assert.equal(stream.destroyed, false);
  });
});
