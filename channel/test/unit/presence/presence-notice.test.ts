import assert from 'node:assert/strict';
import { parseAppearance, parseNotice } from '../../../src/presence/presence-notice.ts';

const notice = {
  node: 'n',
  seq: 1,
  kind: 'change',
  joins: [['room:1', 'k', { phx_ref: 'r', online_at: 1 }]],
};

describe('notices of presence', () => {
  it('are what channel processes say', () => {
    assert.deepEqual(parseNotice(Buffer.from(JSON.stringify(notice))), notice);
    assert.equal(parseNotice(Buffer.from('{"node": "n", "seq": 1, "kind": "other"}')), undefined);
  });

  it('are not what nests too deeply to be told to browsers', () => {
    const deep = `["room:1","k",{"phx_ref":"r","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}]`;
    assert.equal(parseAppearance(deep), undefined);
    const text = `{"node":"n","seq":1,"kind":"change","joins":[${deep}]}`;
    assert.equal(parseNotice(Buffer.from(text)), undefined);
  });

  for (const joins of [null, {}, [null], [['room:1', 'k']], [['room:1', 'k', null]], [['room:1', 5, {}]]]) {
    it(`are not those with the joins ${JSON.stringify(joins)}`, () => {
      assert.equal(parseNotice(Buffer.from(JSON.stringify({ ...notice, joins }))), undefined);
    });
  }
});
