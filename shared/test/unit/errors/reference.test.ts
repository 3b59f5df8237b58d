import assert from 'node:assert/strict';
import { ERROR_CODES } from '@plugmesh/shared/errors';
import { referencePage } from '../reference-tables.ts';

describe('docs/reference/errors.md', () => {
  const entries = referencePage('errors.md').split(/^### /m).slice(1);

  it('has every code with its status and title, and no other', () => {
    const written = entries.map((entry) => entry.split('\n').slice(0, 3).join('\n'));
    const expected = Object.entries(ERROR_CODES).map(
      ([code, { status, title }]) => `${code}\n\n**${status}** · ${title}.`,
    );
    assert.deepEqual(written.sort(), expected.sort());
  });

  it('says for each code what to do', () => {
    for (const entry of entries) {
      const [code = '', , , , ...advice] = entry.split('\n');
      assert.match(advice.join('\n'), /\w{3}/, code);
    }
  });
});
