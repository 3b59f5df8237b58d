import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dependencyOrder } from '@plugmesh/shared/manifest';

const plugin = (name: string, ...dependsOn: string[]): { name: string; dependsOn: string[] } => ({
  name,
  dependsOn,
});

describe('dependencyOrder', () => {
  it('puts dependencies first and otherwise keeps the order', () => {
    const { order, cycles } = dependencyOrder([plugin('a', 'c'), plugin('b'), plugin('c', 'b')]);
    assert.deepEqual(order, ['b', 'c', 'a']);
    assert.deepEqual(cycles, []);
  });

  it('names each cycle from its first member back to it', () => {
    const manifests = [plugin('a', 'b'), plugin('b', 'c'), plugin('c', 'b'), plugin('d', 'd')];
    assert.deepEqual(dependencyOrder(manifests).cycles, [
      ['b', 'c', 'b'],
      ['d', 'd'],
    ]);
  });

  it('holds for any graph without cycles', () => {
    const graph = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 12 });
    fc.assert(
      fc.property(graph, fc.boolean(), (edges, isReversed) => {
        // Each one depends on earlier ones only: there is no cycle to find.
        const all = edges.map((targets, at) =>
          plugin(`p${at}`, ...(at === 0 ? [] : targets.map((target) => `p${target % at}`))),
        );
        const { order, cycles } = dependencyOrder(isReversed ? all.toReversed() : all);
        assert.deepEqual(cycles, []);
        for (const { name, dependsOn } of all) {
          for (const each of dependsOn) assert.ok(order.indexOf(each) < order.indexOf(name));
        }
      }),
    );
  });
});
