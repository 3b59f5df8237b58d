import assert from 'node:assert/strict';
import { createLog } from '../../../src/log/index.ts';
import {
  BusPublisher,
  connectRedis,
  Subscriber,
  whenConnected,
  type RedisConnection,
} from '../../../src/redis/index.ts';
import { eventually, RedisServer } from '../../../src/testing/index.ts';

const log = createLog({ name: 'test', level: 'silent' });

interface Aircraft {
  readonly seen: [event: string, payload: string, pattern: string][];
}

class AircraftSubscriber extends Subscriber<Aircraft> {
  override messageHandler(event: string, payload: string, pattern: string, state: Aircraft): void {
    if (payload === '"bad"') throw new Error('a payload that the handler does not like');
    state.seen.push([event, payload, pattern]);
  }
}

describe('Subscriber', () => {
  let redis: RedisServer;
  let connection: RedisConnection;
  let publisher: BusPublisher;
  let subscriber: AircraftSubscriber;

  before(async () => {
    redis = await RedisServer.start();
    connection = connectRedis(redis.url, { name: 'publisher', log });
    publisher = new BusPublisher(connection);
    await whenConnected(connection, 5000);
  });
  beforeEach(async () => {
    subscriber = new AircraftSubscriber({
      redisUrl: redis.url,
      log,
      channels: ['from:system:bound-box'],
      patterns: ['to:streaming-*'],
      state: { seen: [] },
    });
    assert.equal(await subscriber.subscribe(), true);
  });
  afterEach(() => subscriber.cleanup());
  after(async () => {
    connection.disconnect();
    await redis.stop();
  });

  it('hands event, payload, pattern and its state to the handler', async () => {
    await publisher.publishFrom('system', 'bound-box', { north: 1 });
    await publisher.publish('streaming-x', 'new-data', []);
    await eventually(() => subscriber.state.seen.length === 2);
    assert.deepEqual(subscriber.state.seen, [
      ['from:system:bound-box', '{"north":1}', ''],
      ['to:streaming-x:new-data', '[]', 'to:streaming-*'],
    ]);
  });

  it('goes on after a handler that throws', async () => {
    await publisher.publishFrom('system', 'bound-box', 'bad');
    await publisher.publishFrom('system', 'bound-box', 'good');
    await eventually(() => subscriber.state.seen.length === 1);
    assert.equal(subscriber.state.seen[0]?.[1], '"good"');
  });

  it('keeps its state and goes on when Redis was killed and came back, several times', async () => {
    for (let outage = 1; outage <= 2; outage++) {
      await redis.kill();
      await eventually(() => !subscriber.live);
      assert.equal(
        await publisher.publish('streaming-x', 'new-data', {}),
        false,
        'Redis is away: dropped, not kept',
      );
      await redis.resume();
      await eventually(() => subscriber.live && connection.status === 'ready', { timeoutMs: 10_000 });
      assert.equal(await publisher.publish('streaming-x', 'new-data', { outage }), true);
      await eventually(() => subscriber.state.seen.length === outage);
    }
  });

  it('finishes the handler at work before cleanup resolves', async () => {
    let finished = false;
    const { promise: begun, resolve } = Promise.withResolvers<undefined>();
    class Slow extends Subscriber<null> {
      override async messageHandler(): Promise<void> {
        resolve(undefined);
        await new Promise((done) => setTimeout(done, 20));
        finished = true;
      }
    }
    const slow = new Slow({ redisUrl: redis.url, log, channels: ['to:x:y'], state: null });
    await slow.subscribe();
    await publisher.publish('x', 'y', {});
    await begun;
    await slow.cleanup();
    assert.equal(finished, true);
  });
});

describe('BusPublisher', () => {
  let redis: RedisServer;
  let connection: RedisConnection;
  before(async () => {
    redis = await RedisServer.start();
    connection = connectRedis(redis.url, { name: 'publisher', log });
    await whenConnected(connection, 5000);
  });
  after(async () => {
    connection.disconnect();
    await redis.stop();
  });

  it('sends bytes as they are', async () => {
    const received: Buffer[] = [];
    class Bytes extends Subscriber<Buffer[]> {
      override messageHandler(): void {
        assert.fail('bufferHandler replaces it');
      }
      override bufferHandler(_event: string, payload: Buffer): void {
        received.push(payload);
      }
    }
    const bytes = new Bytes({ redisUrl: redis.url, log, channels: ['to:x:y'], state: received });
    await bytes.subscribe();
    // A view into the middle of a larger buffer: only its own bytes count.
    await new BusPublisher(connection).publish('x', 'y', new Uint8Array([9, 0, 255, 9]).subarray(1, 3));
    await eventually(() => received.length === 1);
    assert.deepEqual([...(received[0] ?? [])], [0, 255]);
    await bytes.cleanup();
  });

  for (const [topic, event] of [
    ['', 'update'],
    ['system', ''],
    ['system', 'up:date'],
    ['x'.repeat(256), 'update'],
  ] as const) {
    it(`refuses the name '${topic.slice(0, 10)}' with '${event}'`, () => {
      const publisher = new BusPublisher(connection);
      assert.throws(() => publisher.publish(topic, event, {}), { code: 'MESH_BAD_REQUEST' });
    });
  }
});
