import assert from 'node:assert/strict';
import type { Message } from '@plugmesh/shared/protocol';
import { Inbox } from '../../../src/socket/inbox.ts';

const message = (event: string, joinRef = '1'): Message => ({
  joinRef,
  ref: null,
  topic: 't',
  event,
  payload: '{}',
});

/** An inbox whose messages wait until the test lets them go on. */
function heldInbox(): { inbox: Inbox; started: string[]; signals: AbortSignal[]; next: () => Promise<void> } {
  const [started, signals, gates]: [string[], AbortSignal[], (() => void)[]] = [[], [], []];
  const inbox = new Inbox(({ event }, signal) => {
    started.push(event);
    signals.push(signal);
    return new Promise((resolve) => gates.push(resolve));
  });
  const next = async (): Promise<void> => {
    gates.shift()!();
    await new Promise(setImmediate);
  };
  return { inbox, started, signals, next };
}

describe("a socket's inbox", () => {
  it('counts what the smallest messages cost, so that few of them fill a queue', () => {
    const { inbox } = heldInbox();
    for (let n = 0; n < 4100; n++) inbox.add(message('phx_leave'), 1);
    assert.ok(inbox.bytes > 1_048_576);
  });

  it('handles one message at a time, in order', async () => {
    const { inbox, started, next } = heldInbox();
    for (const event of ['a', 'b', 'c']) inbox.add(message(event), 10);
    assert.deepEqual(started, ['a']);
    assert.equal(inbox.bytes, 2 * (10 + 256));
    await next();
    assert.deepEqual(started, ['a', 'b']);
    await next();
    assert.deepEqual(started, ['a', 'b', 'c']);
    assert.equal(inbox.bytes, 0);
  });

  it('cancels the join at work when its leave arrives, and only that one', () => {
    const { inbox, signals } = heldInbox();
    inbox.add(message('phx_join', '1'), 1);
    inbox.add(message('phx_leave', '0'), 1);
    assert.ok(!signals[0]!.aborted);
    inbox.add(message('phx_leave', '1'), 1);
    assert.equal(signals[0]!.aborted, true);
  });

  it('cancels a join that still waits in the queue', async () => {
    const { inbox, signals, next } = heldInbox();
    inbox.add(message('push'), 1);
    inbox.add(message('phx_join', '1'), 1);
    inbox.add(message('phx_leave', '1'), 1);
    await next();
    assert.equal(signals[1]?.aborted, true);
  });

  it('ends the join at work and forgets the rest when the socket is gone', async () => {
    const { inbox, started, signals, next } = heldInbox();
    inbox.add(message('phx_join'), 1);
    inbox.add(message('push'), 1);
    inbox.clear();
    assert.equal(signals[0]!.aborted, true);
    await next();
    assert.deepEqual(started, ['phx_join']);
  });
});
