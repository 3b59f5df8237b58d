import assert from 'node:assert/strict';
import * as ws from 'ws';
import { OPCODE, webSocketFrame, webSocketTextFrame } from '../../../src/transport/web-socket-frame.ts';

// Not in the package's types; it is what `ws` itself frames with.
type Frame = (data: Buffer, options: object) => Buffer[];
const { frame } = (ws as unknown as { Sender: { frame: Frame } }).Sender;

describe('a WebSocket frame', () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 100_000]) {
    it(`of ${length} bytes is the one that ws makes`, () => {
      const data = Buffer.alloc(length, 7);
      const options = { fin: true, rsv1: false, opcode: OPCODE.binary, mask: false, readOnly: true };
      const expected = Buffer.concat(frame(data, options));
      const cut = length >> 1;
      assert.deepEqual(webSocketFrame(OPCODE.binary, [data.subarray(0, cut), data.subarray(cut)]), expected);
    });
  }

  it('counts bytes, not characters', () =>
    assert.deepEqual([...webSocketTextFrame('ü')], [0x81, 2, 0xc3, 0xbc]));
});
