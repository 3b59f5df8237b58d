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

  it('let other connections go first when there are thousands, and miss none', async () => {
    const flushed: number[] = [];
    // Every look at the clock is one millisecond later: a slice is over after a few hundred.
    let now = 0;
    const turn = new TurnWriter(() => now++);
    const connections = Array.from({ length: 5000 }, (_, n) => ({ flush: () => void flushed.push(n) }));
    for (const connection of connections) turn.add(connection);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    assert.ok(flushed.length > 0 && flushed.length < 1000);
    turn.add({ flush: () => void flushed.push(-1) });
    while (flushed.length < 5001) await new Promise(setImmediate);
    assert.ok(flushed.indexOf(-1) < 1000, 'what came later did not wait for all');
    assert.deepEqual(
      flushed.filter((n) => n >= 0),
      [...connections.keys()],
    );
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
