import assert from 'node:assert/strict';
import { LongPollConnection, type Poll } from '../../../src/long-poll/long-poll-connection.ts';
import type { DropReason } from '../../../src/transport/outbound-queue.ts';
import { TurnWriter } from '../../../src/transport/turn-writer.ts';

interface Reply {
  status: number;
  token: number;
  messages: number[];
  code?: number;
}

/** A poll that keeps its answer. */
class KeptPoll implements Poll {
  readonly endsAt: number;
  reply: Reply | undefined;

  constructor(endsAt = 1000) {
    this.endsAt = endsAt;
  }

  readonly answer = (text: string): void => void (this.reply = JSON.parse(text) as Reply);
}

describe('a connection over long-poll', () => {
  let connection: LongPollConnection;
  let dropped: DropReason[];
  let isClosed: boolean;

  beforeEach(() => {
    [dropped, isClosed] = [[], false];
    connection = new LongPollConnection({
      outbound: { turn: new TurnWriter(), queueLimit: 1000, onDrop: (reason) => void dropped.push(reason) },
      token: (_, position) => position as unknown as string,
      onClosed: () => (isClosed = true),
    });
  });

  const write = (...numbers: number[]): void => {
    for (const number of numbers) connection.write(Buffer.from(String(number)));
  };
  const poll = (position: number, endsAt?: number): KeptPoll => {
    const kept = new KeptPoll(endsAt);
    connection.poll(position, kept);
    return kept;
  };
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('answers a poll with everything that waits, and with the position behind it', () => {
    write(1, 2);
    assert.deepEqual(poll(0).reply, { status: 200, token: 2, messages: [1, 2] });
  });

  it('answers a waiting poll once a turn', async () => {
    const waiting = poll(0);
    write(1, 2);
    assert.deepEqual([waiting.reply], [undefined]);
    await nextTurn();
    assert.deepEqual(waiting.reply?.messages, [1, 2]);
  });

  it('sends again what was not acknowledged, and only that, before anything newer', () => {
    write(1, 2);
    poll(0);
    write(3);
    assert.deepEqual(poll(0).reply, { status: 200, token: 2, messages: [1, 2] });
    assert.deepEqual(poll(2).reply, { status: 200, token: 3, messages: [3] });
    assert.deepEqual(poll(0).reply, { status: 200, token: 3, messages: [3] });
    assert.equal(poll(3).reply, undefined);
  });

  it('gives what comes to the newest poll, and ends the older ones: they ask again, should the newest be dead', async () => {
    const [older, newer] = [poll(0), poll(0)];
    write(1);
    await nextTurn();
    assert.deepEqual(newer.reply?.messages, [1]);
    assert.deepEqual(older.reply, { status: 204, token: 0, messages: [] });
    assert.deepEqual(poll(0).reply?.messages, [1]);
    assert.equal(poll(1).reply, undefined);
  });

  it('ends a poll with its window', () => {
    const [due, waiting] = [poll(0, 10), poll(0, 20)];
    connection.endDue(10);
    assert.deepEqual([due.reply?.status, waiting.reply], [204, undefined]);
  });

  it('keeps only a few polls: the oldest ends at once', () => {
    const polls = [...Array(5)].map(() => poll(0));
    assert.deepEqual(
      polls.map(({ reply }) => reply?.status),
      [204, undefined, undefined, undefined, undefined],
    );
  });

  it('loses nothing to a poll that was given up', async () => {
    const gone = poll(0);
    connection.forget(gone);
    assert.equal(connection.isPolled, false);
    write(1);
    await nextTurn();
    assert.equal(gone.reply, undefined);
    assert.deepEqual(poll(0).reply?.messages, [1]);
  });

  it('counts as queued what was sent until it is acknowledged', () => {
    write(1234);
    assert.ok(connection.queuedBytes >= 4);
    poll(0);
    assert.equal(connection.queuedBytes, 4);
    poll(1);
    assert.equal(connection.queuedBytes, 0);
  });

  it('drops what may be dropped when the queue is full', () => {
    const droppable = { topic: 't', overflow: 'drop-oldest' } as const;
    for (let n = 0; n < 100; n++) connection.write(Buffer.from(`${1000 + n}`), droppable, 'tick');
    const { messages } = poll(0).reply ?? { messages: [] };
    assert.equal(messages.at(-1), 1099);
    assert.equal(dropped.length, 100 - messages.length);
    assert.ok(dropped.length > 50);
  });

  it('carries at most 128 KiB in one answer, but always a message', () => {
    const big = Buffer.from(JSON.stringify('x'.repeat(100_000)));
    for (let n = 0; n < 3; n++) connection.write(big);
    const lengths = [];
    for (let at = 0; at < 3;) {
      const { token, messages } = poll(at).reply!;
      lengths.push(messages.length);
      at = token;
    }
    assert.deepEqual(lengths, [2, 1]);
  });

  it('says goodbye behind what was written, then is closed', () => {
    write(1);
    connection.close(1012, 'the service restarts');
    write(2);
    assert.deepEqual(poll(0).reply?.messages, [1]);
    assert.equal(isClosed, false);
    const { status, code } = poll(1).reply!;
    assert.deepEqual([status, code, isClosed], [500, 1012, true]);
  });

  it('says goodbye to every poll that waits, and takes a second close for nothing', () => {
    const polls = [poll(0), poll(0)];
    connection.close(1001, 'closed by the mesh');
    connection.close(1012, 'the service restarts');
    assert.deepEqual(
      polls.map(({ reply }) => reply?.code),
      [1001, 1001],
    );
    connection.terminate();
  });
});
