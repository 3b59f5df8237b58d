import assert from 'node:assert/strict';
import { parseAppearance, parseNotice } from '../../../src/presence/presence-notice.ts';

const notice = (meta: string): Buffer =>
  Buffer.from(`{"node":"n","seq":1,"kind":"change","joins":[["lobby","k",${meta}]]}`);

describe('a notice of presence', () => {
  it('has metas with a reference and flat fields', () => {
    const meta = { phx_ref: 'r', online_at: 1, away: null };
    assert.deepEqual(parseNotice(notice(JSON.stringify(meta)))?.joins, [['lobby', 'k', meta]]);
    assert.deepEqual(parseAppearance(JSON.stringify(['lobby', 'k', meta])), ['lobby', 'k', meta]);
  });

  const nested = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  for (const [what, meta] of [
    ['no reference', '{"online_at":1}'],
    ['no object', '7'],
    ['what nests, and may be too deep to be written again', `{"phx_ref":"r","online_at":${nested}}`],
  ] as const) {
    it(`is none with ${what}`, () => {
      assert.equal(parseNotice(notice(meta)), undefined);
      assert.equal(parseAppearance(`["lobby","k",${meta}]`), undefined);
    });
  }
});
