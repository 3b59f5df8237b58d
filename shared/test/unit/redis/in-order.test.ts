import assert from 'node:assert/strict';
import { InOrder } from '../../../src/redis/index.ts';

const unexpected = (error: unknown): void => assert.ifError(error);

describe('InOrder', () => {
  it('runs handlers at once while they answer at once', () => {
    const calls: number[] = [];
    const queue = new InOrder(unexpected);
    queue.run(() => void calls.push(1));
    queue.run(() => void calls.push(2));
    assert.deepEqual(calls, [1, 2]);
  });

  it('keeps the order behind a slow one', async () => {
    const calls: number[] = [];
    const queue = new InOrder(unexpected);
    const slow = Promise.withResolvers<undefined>();
    queue.run(() => slow.promise.then(() => void calls.push(1)));
    queue.run(() => void calls.push(2));
    assert.deepEqual(calls, []);
    slow.resolve(undefined);
    await queue.settled();
    assert.deepEqual(calls, [1, 2]);
  });

  it('reports handlers that fail, at once or later, and goes on', async () => {
    const failures: unknown[] = [];
    const calls: number[] = [];
    const queue = new InOrder((error) => failures.push((error as Error).message));
    queue.run(() => {
      throw new Error('at once');
    });
    queue.run(() => Promise.reject(new Error('later')));
    queue.run(() => void calls.push(1));
    await queue.settled();
    assert.deepEqual([failures, calls], [['at once', 'later'], [1]]);
  });
});
