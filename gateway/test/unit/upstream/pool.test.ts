import assert from 'node:assert/strict';
import { Pool, type PoolMeter } from '../../../src/upstream/pool.ts';

const LIMITS = { inFlight: 2, pending: 1, idleMs: 1000 };
/** A pool with a clock that stands still until a test moves it, and what it counts. */
function newPool(limits = {}) {
  const clock = { now: 0 };
  const counts = { sent: 0, refused: 0, ejected: 0, panicked: 0 };
  const meter: PoolMeter = {
    retried: (result) => counts[result]++,
    ejected: () => counts.ejected++,
    panicked: () => counts.panicked++,
  };
  const pool = new Pool({ limits: { ...LIMITS, ...limits }, meter, now: () => clock.now });
  return { pool, clock, counts };
}

const instances = (...names: string[]) =>
  names.map((name) => ({ url: `http://${name}:80`, state: 'ready' as const }));

describe('Pool', () => {
  it('prefers the less busy of two', () => {
    const pool = newPool().pool;
    pool.update(instances('a', 'b'));
    const [a, b] = pool.instances;
    a!.inFlight = 5;
    for (let n = 0; n < 50; n++) assert.equal(pool.pick(), b);
  });

  it('leaves unhealthy and draining instances out, but uses failing ones when there is nothing else', () => {
    const pool = newPool().pool;
    pool.update([...instances('a', 'b'), { url: 'http://c:80', state: 'draining' }]);
    const [a, b] = pool.instances;
    a!.health = 'unhealthy';
    for (let n = 0; n < 20; n++) assert.equal(pool.pick(), b);
    b!.health = 'refusing';
    for (let n = 0; n < 20; n++) assert.equal(pool.pick(), a);
    assert.equal(pool.pick(a), undefined);
  });

  it('never picks the only instance when it says that it is not ready', () => {
    const pool = newPool().pool;
    pool.update(instances('a'));
    pool.instances[0]!.health = 'refusing';
    assert.equal(pool.pick(), undefined);
  });

  it('keeps an instance, with its connections and health, while its URL stays', () => {
    const pool = newPool().pool;
    pool.update(instances('a', 'b'));
    const kept = pool.instances[1];
    pool.update(instances('b', 'c'));
    assert.equal(pool.instances[0], kept);
  });
});

describe('ejection', () => {
  const fail = ({ pool }: ReturnType<typeof newPool>, at: number, times: number): number => {
    const instance = pool.instances[at]!;
    return Array.from({ length: times }, () => pool.failed(instance)).reduce((sum, out) => sum + out, 0);
  };
  const state = ({ pool }: ReturnType<typeof newPool>, at: number) => pool.states()[at]!.state;

  it('takes five failures in a row; one success begins anew', () => {
    const test = newPool();
    test.pool.update(instances('a', 'b'));
    assert.equal(fail(test, 0, 4), 0);
    test.pool.succeeded(test.pool.instances[0]!);
    assert.equal(fail(test, 0, 4), 0);
    assert.equal(fail(test, 0, 1), 30_000);
    assert.equal(state(test, 0), 'ejected');
    for (let n = 0; n < 20; n++) assert.equal(test.pool.pick(), test.pool.instances[1]);
    assert.equal(test.counts.ejected, 1);
  });

  it('lasts 30 s, then 60 s, at most 300 s, and 30 s again for one that has behaved as long as it was out', () => {
    const test = newPool();
    test.pool.update(instances('a', 'b'));
    const durations = Array.from({ length: 12 }, () => {
      const duration = fail(test, 0, 5);
      test.clock.now += duration;
      assert.equal(state(test, 0), 'unknown');
      return duration / 1000;
    });
    assert.deepEqual(durations, [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]);
    test.clock.now += 300_000;
    assert.equal(fail(test, 0, 5), 30_000);
  });

  it('leaves out half of the instances at most, counting those that checks have put out', () => {
    const test = newPool();
    test.pool.update(instances('a', 'b', 'c', 'd'));
    test.pool.instances[3]!.health = 'unhealthy';
    assert.equal(fail(test, 0, 5), 30_000);
    assert.equal(fail(test, 1, 50), 0);
    test.pool.instances[3]!.health = 'healthy';
    assert.equal(fail(test, 1, 1), 30_000, 'one that could not be ejected before is still due');
    assert.equal(fail(test, 2, 50), 0);
    assert.deepEqual([state(test, 0), state(test, 1), state(test, 2)], ['ejected', 'ejected', 'unknown']);
    assert.equal(test.pool.pick(test.pool.instances[2]), test.pool.instances[3]);
  });

  it('never takes a plugin its only instance, nor its only one beside draining ones', () => {
    const test = newPool();
    test.pool.update(instances('a'));
    assert.equal(fail(test, 0, 50), 0);
    test.pool.update([...instances('a'), { url: 'http://b:80', state: 'draining' }]);
    assert.equal(fail(test, 0, 50), 0);
  });

  it('ends for all when all fail, and begins again after 30 s', () => {
    const test = newPool();
    test.pool.update(instances('a', 'b'));
    assert.equal(fail(test, 0, 5), 30_000);
    fail(test, 1, 5);
    assert.deepEqual([state(test, 0), state(test, 1)], ['unknown', 'unknown']);
    assert.equal(fail(test, 0, 50) + fail(test, 1, 50), 0);
    test.clock.now += 30_000;
    assert.equal(fail(test, 0, 1), 30_000);
  });

  it('is no reason to answer nothing: when nobody is good, all are used (panic)', () => {
    const test = newPool();
    test.pool.update(instances('a', 'b'));
    fail(test, 0, 5);
    test.pool.instances[1]!.health = 'unhealthy';
    const picked = new Set(Array.from({ length: 100 }, () => test.pool.pick()));
    assert.equal(picked.size, 2);
    assert.equal(test.counts.panicked, 100);
  });
});

describe('the retry budget', () => {
  it('allows a burst of 100, then one for every five requests', () => {
    const { pool, counts } = newPool();
    pool.update(instances('a', 'b'));
    const [a, b] = pool.instances;
    for (let n = 0; n < 100; n++) assert.equal(pool.takeOther(a!, false), b);
    assert.equal(pool.takeOther(a!, false), undefined);
    for (let n = 0; n < 50; n++) pool.take();
    const sent = Array.from({ length: 50 }, () => pool.takeOther(a!, false)).filter(Boolean).length;
    assert.equal(sent, 10);
    assert.deepEqual([counts.sent, counts.refused], [110, 41]);
  });

  it('costs nothing when there is no other instance, and repeats at the same one where that is allowed', () => {
    const { pool, counts } = newPool();
    pool.update(instances('a'));
    const [a] = pool.instances;
    assert.equal(pool.takeOther(a!, false), undefined);
    assert.equal(pool.takeOther(a!, true), a);
    assert.deepEqual([counts.sent, counts.refused], [1, 0]);
  });
});

describe('UpstreamInstance', () => {
  it('gives out places, then a queue, then refuses; places come back in order', () => {
    const pool = newPool().pool;
    pool.update(instances('a'));
    const instance = pool.instances[0]!;
    const order: string[] = [];
    for (const name of ['1', '2', '3']) instance.admit(() => order.push(name));
    assert.deepEqual(order, ['1', '2']);
    assert.throws(() => instance.admit(() => undefined), { code: 'MESH_OVERLOADED' });
    instance.release();
    assert.deepEqual(order, ['1', '2', '3']);
    instance.release();
    instance.release();
    assert.equal(instance.inFlight, 0);
  });

  it('forgets who no longer waits', () => {
    const pool = newPool({ inFlight: 0 }).pool;
    pool.update(instances('a'));
    const instance = pool.instances[0]!;
    const go = (): void => assert.fail('it was withdrawn');
    instance.admit(go);
    assert.ok(instance.withdraw(go));
    assert.ok(!instance.withdraw(go));
  });
});
