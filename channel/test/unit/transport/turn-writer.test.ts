import assert from 'node:assert/strict';
import { TurnWriter } from '../../../src/transport/turn-writer.ts';

describe('the writes of one turn', () => {
  it('leave when the turn is over, once per connection', async () => {
    const [turn, flushed] = [new TurnWriter(), [] as string[]];
    turn.add({ flush: () => void flushed.push('a') });
    turn.add({ flush: () => void flushed.push('b') });
    assert.deepEqual(flushed, []);
    await new Promise(setImmediate);
    assert.deepEqual(flushed, ['a', 'b']);
  });

  it('are joined once for connections with the same frames, and never mixed up', () => {
    const turn = new TurnWriter();
    const [a, b, c] = ['a', 'b', 'c'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
    const joined = turn.join([a, b]);
    assert.equal(turn.join([a, b]), joined);
    assert.equal(turn.join([a, c]).toString(), 'ac');
    assert.equal(turn.join([a, b, c]).toString(), 'abc');
    assert.equal(turn.join([a, b]).toString(), 'ab');
  });
});
