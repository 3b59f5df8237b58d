import assert from 'node:assert/strict';
import { Pool } from '../../../src/upstream/pool.ts';

const LIMITS = { inFlight: 2, pending: 1, idleMs: 1000 };
const instances = (...names: string[]) =>
  names.map((name) => ({ url: `http://${name}:80`, state: 'ready' as const }));

describe('Pool', () => {
  it('prefers the less busy of two', () => {
    const pool = new Pool(LIMITS);
    pool.update(instances('a', 'b'));
    const [a, b] = pool.instances;
    a!.inFlight = 5;
    for (let n = 0; n < 50; n++) assert.equal(pool.pick(), b);
  });

  it('leaves unhealthy and draining instances out, but uses failing ones when there is nothing else', () => {
    const pool = new Pool(LIMITS);
    pool.update([...instances('a', 'b'), { url: 'http://c:80', state: 'draining' }]);
    const [a, b] = pool.instances;
    a!.health = 'unhealthy';
    for (let n = 0; n < 20; n++) assert.equal(pool.pick(), b);
    b!.health = 'refusing';
    for (let n = 0; n < 20; n++) assert.equal(pool.pick(), a);
    assert.equal(pool.pick(a), undefined);
  });

  it('never picks the only instance when it says that it is not ready', () => {
    const pool = new Pool(LIMITS);
    pool.update(instances('a'));
    pool.instances[0]!.health = 'refusing';
    assert.equal(pool.pick(), undefined);
  });

  it('keeps an instance, with its connections and health, while its URL stays', () => {
    const pool = new Pool(LIMITS);
    pool.update(instances('a', 'b'));
    const kept = pool.instances[1];
    pool.update(instances('b', 'c'));
    assert.equal(pool.instances[0], kept);
  });
});

describe('UpstreamInstance', () => {
  it('gives out places, then a queue, then refuses; places come back in order', () => {
    const pool = new Pool(LIMITS);
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
    const pool = new Pool({ ...LIMITS, inFlight: 0 });
    pool.update(instances('a'));
    const instance = pool.instances[0]!;
    const go = (): void => assert.fail('it was withdrawn');
    instance.admit(go);
    assert.ok(instance.withdraw(go));
    assert.ok(!instance.withdraw(go));
  });
});
