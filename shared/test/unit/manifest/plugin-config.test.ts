import assert from 'node:assert/strict';
import { MeshProblems } from '@plugmesh/shared/errors';
import { parsePluginConfig } from '@plugmesh/shared/manifest';

const manifest = {
  name: 'ships',
  config: {
    type: 'object',
    properties: {
      interval: { type: 'integer', minimum: 1, default: 5 },
      key: { type: 'string', minLength: 8, writeOnly: true },
      isLive: { type: 'boolean' },
    },
    additionalProperties: false,
  },
};

describe('settings of a plugin’s own', () => {
  it('get the defaults of the schema', () => {
    assert.deepEqual(parsePluginConfig(manifest, {}), { interval: 5 });
  });

  it('become numbers and flags when they came as texts', () => {
    assert.deepEqual(parsePluginConfig(manifest, { interval: '7', isLive: 'true' }), {
      interval: 7,
      isLive: true,
    });
  });

  it('pass as they are without a schema', () => {
    assert.deepEqual(parsePluginConfig({ name: 'ships' }, { any: 'thing' }), { any: 'thing' });
  });

  it('that do not fit are problems with their names, and secrets stay out of them', () => {
    const settings = { interval: 0, key: 'hunter2', intervall: 1 };
    assert.throws(
      () => parsePluginConfig(manifest, settings),
      (error) => {
        assert.ok(error instanceof MeshProblems);
        assert.match(error.message, /'plugins\.ships\.config\.interval' must be at least 1, not '0'/);
        assert.match(
          error.message,
          /unknown setting 'plugins\.ships\.config\.intervall'\n {2}did you mean 'interval'/,
        );
        assert.ok(!error.message.includes('hunter2'));
        return true;
      },
    );
  });

  it('whose schema cannot be read are a problem of the manifest', () => {
    const unreadable = {
      name: 'ships',
      config: { type: 'object', properties: { a: { $ref: '#/nowhere' } } },
    };
    assert.throws(() => parsePluginConfig(unreadable, {}), MeshProblems);
  });
});
