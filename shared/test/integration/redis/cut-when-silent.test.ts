import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
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

  it('stays when nothing but answers to our own questions come', async () => {
    const { stream } = connection;
    const before = stream.bytesRead;
    await eventually(() => stream.bytesRead >= before + 3 * '+PONG\r\n'.length);
    assert.equal(connection.stream, stream);
    assert.equal(stream.destroyed, false);
  });

  it('stays when it was we who stood still', async () => {
    const { stream } = connection;
    const before = stream.bytesRead;
    await eventually(() => stream.bytesRead > before);
    const until = performance.now() + 1500;
    while (performance.now() < until);
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    assert.equal(stream.destroyed, false);
  });
});
