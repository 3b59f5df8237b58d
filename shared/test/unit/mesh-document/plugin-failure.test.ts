import assert from 'node:assert/strict';
import { failing, pluginFailure } from '../../../src/mesh-document/index.ts';

describe('the failure of a plugin', () => {
  it('is one text: code and sentence, the last lines, what to do', () => {
    const failure = pluginFailure('MESH_PLUGIN_EXITED', 'it ended', {
      lines: ['one', 'two'],
      fix: 'start it',
    });
    assert.deepEqual(failing(failure), {
      reason: 'MESH_PLUGIN_EXITED: it ended\n  │ one\n  │ two\n  start it',
      failure,
    });
    assert.equal(failing(pluginFailure('MESH_PORT_TAKEN', 'taken')).reason, 'MESH_PORT_TAKEN: taken');
  });

  it('steers no terminal, also not by a name that a line of the log has given to sentence and fix', () => {
    const name = '\u001b[2J\u009b31mleft\u202e-pad\u001b]0;title\u0007';
    const failure = pluginFailure('MESH_PLUGIN_EXITED', `'${name}' is missing`, { lines: [name], fix: name });
    assert.equal(
      failing(failure).reason,
      [
        "MESH_PLUGIN_EXITED: 'left-pad]0;title' is missing",
        '  │ left-pad]0;title',
        '  left-pad]0;title',
      ].join('\n'),
    );
  });

  it('is small whatever a plugin writes, and has no colours', () => {
    const lines = [
      '\u001b[31mred\u001b[0m\u0007',
      '  ',
      ...Array.from({ length: 40 }, (_, n) => `${n} ${'x'.repeat(9000)}`),
    ];
    const { message, lines: kept } = pluginFailure('MESH_PLUGIN_EXITED', 'y'.repeat(9000), { lines });
    assert.ok(message.length <= 600);
    assert.equal(kept.length, 15);
    assert.ok(kept.every((line) => line.length <= 240));
    assert.equal(kept.at(-1)?.slice(0, 4), '39 x');
    assert.deepEqual(pluginFailure('MESH_PLUGIN_EXITED', '', { lines: lines.slice(0, 2) }).lines, ['red']);
  });
});
