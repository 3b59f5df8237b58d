import assert from 'node:assert/strict';
import { createLog } from '@plugmesh/shared/log';
import { eventually, RedisServer } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { PresenceTopics } from '../../src/presence/presence-topics.ts';
import type { PresenceNews } from '../../src/presence/presence.ts';
import { RedisPresence } from '../../src/presence/redis-presence.ts';

const log = createLog({ name: 'test', level: 'silent' });

describe('presence in Redis', function () {
  this.timeout(30_000);
  let redis: RedisServer;
  let bus: Redis;
  let told: PresenceNews[];
  let started: RedisPresence[];

  beforeEach(async () => {
    redis = await RedisServer.start();
    bus = new Redis(redis.url);
    bus.on('error', () => undefined);
    told = [];
    started = [];
  });
  afterEach(async () => {
    await Promise.all(started.map((presence) => presence.stop()));
    bus.disconnect();
    await redis.stop();
  });

  async function start(node: string): Promise<RedisPresence> {
    const topics = new PresenceTopics({ calmMs: 0, tell: (_, news) => void told.push(news()) });
    const presence = new RedisPresence({ redisUrl: redis.url, log, node, leaseMs: 3000, topics });
    started.push(presence);
    await presence.start();
    return presence;
  }

  const stateOf = (presence: RedisPresence, topic: string): object => presence.welcome(topic)[0]!.payload;
  const countOf = (presence: RedisPresence, topic: string): unknown =>
    presence.welcome(topic).find(({ event }) => event === 'presence_count')?.payload;

  it('is known as a whole to a process that starts', async () => {
    const first = await start('a');
    for (let n = 0; n < 5000; n++) first.track(`t${n % 100}`, `k${n}`, {});
    await eventually(async () => (await bus.hlen('plugmesh:presence:node:a')) === 5001);
    const second = await start('b');
    for (let n = 0; n < 100; n++) {
      assert.deepEqual(stateOf(second, `t${n}`), stateOf(first, `t${n}`));
      assert.equal(Object.keys(stateOf(second, `t${n}`)).length, 50);
    }
  });

  it('tells every process only the number above 1,000 members, and the names again below', async () => {
    const [first, second] = [await start('a'), await start('b')];
    const refs = Array.from({ length: 500 }, (_, n) => first.track('t', `a${n}`, {}));
    for (let n = 0; n < 501; n++) second.track('t', `b${n}`, {});
    for (const each of [first, second]) {
      await eventually(() => countOf(each, 't'));
      assert.deepEqual(countOf(each, 't'), { count: 1001 });
      assert.deepEqual(stateOf(each, 't'), {});
    }
    assert.ok(told.some(({ event }) => event === 'presence_count'));
    first.untrack('t', 'a0', refs[0]!);
    for (const each of [first, second]) {
      await eventually(() => Object.keys(stateOf(each, 't')).length === 1000);
      assert.equal(countOf(each, 't'), undefined);
    }
    assert.deepEqual(told.at(-1)?.event, 'presence_state');
  });

  it("carries keys like '__proto__', and fields of that name, like all others", async () => {
    const [first, second] = [await start('a'), await start('b')];
    first.track('__proto__', '__proto__', JSON.parse('{"__proto__":{"polluted":true}}') as object as never);
    first.track('__proto__', 'constructor', {});
    await eventually(() => Object.keys(stateOf(second, '__proto__')).length === 2);
    assert.deepEqual(Object.keys(stateOf(second, '__proto__')), ['__proto__', 'constructor']);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('goes on when something else is published on its channel', async () => {
    const [first, second] = [await start('a'), await start('b')];
    const strange = ['', '{', 'null', '[]', '{"node":1}', '{"node":"x","seq":1,"kind":"change","joins":[1]}'];
    for (const text of [...strange, '{"node":"x","seq":7,"kind":"change"}']) {
      await bus.publish('plugmesh:presence', text);
    }
    first.track('t', 'k', {});
    await eventually(() => Object.keys(stateOf(second, 't')).length === 1);
  });

  it('starts and stops twice, also without Redis, and leaves no key', async () => {
    const presence = await start('a');
    await presence.start();
    presence.track('t', 'k', {});
    await eventually(async () => bus.exists('plugmesh:presence:node:a'));
    await presence.stop();
    await presence.stop();
    assert.deepEqual(await bus.keys('*'), []);
    const second = await start('b');
    second.track('t', 'k', {});
    await redis.kill();
    await second.stop();
  });
});
