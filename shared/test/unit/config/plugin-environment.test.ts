import assert from 'node:assert/strict';
import { pluginEnvironment } from '@plugmesh/shared/config';

describe('pluginEnvironment', () => {
  it('reads what a plugin is given', () => {
    const environment = pluginEnvironment({
      PORT: '2350',
      PLUGMESH_PLUGIN: 'ships',
      PLUGMESH_CONFIG: '{"a":1}',
    });
    assert.equal(environment.port, 2350);
    assert.equal(environment.host, '127.0.0.1');
    assert.equal(environment.plugin, 'ships');
    assert.deepEqual(environment.config, { a: 1 });
    assert.equal(environment.isRegistering, false);
  });

  it('needs nothing', () => {
    assert.equal(pluginEnvironment({}).port, undefined);
    assert.deepEqual(pluginEnvironment({}).config, {});
  });

  for (const env of [{ PORT: '99999' }, { PORT: 'x' }, { PLUGMESH_CONFIG: '{' }, { PLUGMESH_CONFIG: '[]' }]) {
    it(`refuses ${JSON.stringify(env)}`, () => {
      assert.throws(() => pluginEnvironment(env), { code: 'MESH_CONFIG_INVALID' });
    });
  }
});
