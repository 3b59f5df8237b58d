import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createLog } from '../../../src/log/index.ts';
import { connectRedis, Subscription, whenConnected, type RedisConnection } from '../../../src/redis/index.ts';
import { eventually, freePort, RedisServer } from '../../../src/testing/index.ts';

const log = createLog({ name: 'test', level: 'silent' });

describe('Subscription', () => {
  let redis: RedisServer;
  let publisher: RedisConnection;
  let subscription: Subscription;
  const received: [string, string, string][] = [];
  const states: string[] = [];

  before(async () => {
    redis = await RedisServer.start();
    publisher = connectRedis(redis.url, { name: 'publisher', log });
    subscription = new Subscription({
      redisUrl: redis.url,
      name: 'test',
      log,
      channels: ['from:system:echo', 'from:a[b]:c'],
      patterns: ['from:streaming-*'],
      onMessage: (channel, payload, pattern) => received.push([channel, payload.toString('latin1'), pattern]),
      onLive: () => states.push('live'),
      onLost: () => states.push('lost'),
    });
    assert.equal(await subscription.start(), true);
  });
  beforeEach(() => void received.splice(0));
  after(async () => {
    await subscription.stop();
    publisher.disconnect();
    await redis.stop();
  });

  it('is live when start resolves: nothing published afterwards is missed', async () => {
    assert.equal(subscription.live, true);
    assert.equal(await publisher.publish('from:system:echo', '{"nonce":1}'), 1);
    await eventually(() => received.length === 1);
    assert.deepEqual(received, [['from:system:echo', '{"nonce":1}', '']]);
  });

  it('delivers patterns with their name, and bytes as they are', async () => {
    await publisher.publish('from:streaming-x:bound-box', Buffer.from([0, 255, 128]));
    await eventually(() => received.length === 1);
    assert.deepEqual(received, [['from:streaming-x:bound-box', '\x00\xff\x80', 'from:streaming-*']]);
  });

  it('takes a literal channel literally', async () => {
    await publisher.publish('from:ab:c', 'no');
    await publisher.publish('from:a[b]:c', 'yes');
    await eventually(() => received.length === 1);
    assert.deepEqual(received, [['from:a[b]:c', 'yes', '']]);
  });

  it('follows what it has a right to, also beside what it has none to', async () => {
    await publisher.call('ACL', 'SETUSER', 'some', 'on', '>of-some', '+@all', '~*', 'resetchannels', '&to:*');
    const heard: string[] = [];
    const some = new Subscription({
      redisUrl: redis.url.replace('//', '//some:of-some@'),
      name: 'some',
      log,
      channels: ['plugmesh:mesh', 'to:a:b'],
      patterns: ['plugmesh:*', 'to:*'],
      onMessage: (channel, _, pattern) => heard.push(`${channel} ${pattern}`),
    });
    assert.equal(await some.start(), false);
    await publisher.publish('plugmesh:mesh', '1');
    await publisher.publish('to:a:b', '1');
    await eventually(() => heard.length === 2);
    assert.deepEqual(heard.sort(), ['to:a:b ', 'to:a:b to:*']);
    await some.stop();
  });

  it('follows channels and patterns that are added while it runs', async () => {
    await subscription.addChannel('late');
    await subscription.addPattern('later:*');
    await publisher.publish('late', '1');
    await publisher.publish('later:x', '2');
    await eventually(() => received.length === 2);
  });

  it('follows what is added, and not what is removed, while it is about to be live', async () => {
    const early = new Subscription({ redisUrl: redis.url, name: 'early', log, onMessage: () => undefined });
    const started = early.start();
    const kept = ['early:kept:0'];
    const changes = [early.addChannel('early:kept:0')];
    for (let n = 1; !early.live; n++) {
      const [keep, drop] = [`early:kept:${n}`, `early:dropped:${n}`];
      kept.push(keep);
      changes.push(early.addChannel(keep), early.addChannel(drop), early.removeChannel(drop));
      await nextTurn();
    }
    await Promise.all([started, ...changes]);
    const followed = (await publisher.pubsub('CHANNELS', 'early:*')) as string[];
    assert.deepEqual(followed.sort(), kept.sort());
    await early.stop();
  });

  it('subscribes again by itself, to everything, after Redis was killed and came back', async () => {
    states.splice(0);
    await redis.kill();
    await eventually(() => !subscription.live);
    await redis.resume();
    await eventually(() => subscription.live, { timeoutMs: 10_000 });
    assert.deepEqual(states, ['lost', 'live']);
    await whenConnected(publisher, 5000);
    for (const channel of ['from:system:echo', 'from:streaming-x:y', 'late', 'later:x']) {
      assert.equal(await publisher.publish(channel, '{}'), 1, channel);
    }
    await eventually(() => received.length === 4);
  });

  it('starts without Redis and says so after a second', async () => {
    const port = await freePort();
    const early = new Subscription({
      redisUrl: `redis://127.0.0.1:${port}`,
      name: 'early',
      log,
      channels: ['x'],
      onMessage: () => undefined,
    });
    assert.equal(await early.start(), false);
    await early.stop();
  });

  it('delivers nothing after stop, which may be called twice', async () => {
    const stopped = new Subscription({
      redisUrl: redis.url,
      name: 'stopped',
      log,
      channels: ['stopped'],
      onMessage: () => received.push(['stopped', '', '']),
    });
    await stopped.start();
    await stopped.stop();
    await stopped.stop();
    assert.equal(await publisher.publish('stopped', '{}'), 0);
    assert.equal(stopped.live, false);
  });
});
