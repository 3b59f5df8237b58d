import { randomBytes } from 'node:crypto';
import type { Connection, Droppable } from '../socket/connection.ts';
import { OutboundQueue } from '../transport/outbound-queue.ts';
import type { OutboundOptions } from '../transport/web-socket-connection.ts';
import { pollAnswer, type Goodbye } from './poll-answer.ts';

/** A request that waits for something to say. */
export interface Poll {
  /** In milliseconds of `performance.now()`. */
  readonly endsAt: number;
  readonly answer: (text: string) => void;
}

/** What a connection is made from. */
export interface LongPollOptions {
  readonly outbound: OutboundOptions;
  /** The token for a position. */
  readonly token: (connection: string, position: number) => string;
  readonly onClosed: () => void;
}

/** Bytes of messages in one answer: the next poll fetches the rest. Small enough for slow lines and for the relay. */
const ANSWER_BYTES = 131_072;
/** A client polls once at a time: more wait only when it has given up the earlier ones. */
const POLLS = 4;

/**
 * A client's connection over HTTP: messages wait until a poll takes them. What an answer carried is kept until a later
 * poll shows by its position that it has arrived, and is sent again when it does not: a request that was cut off, or sent
 * twice by a browser or a proxy, loses nothing.
 */
export class LongPollConnection implements Connection {
  /** Not to be guessed: with the token's MAC it is all that a client shows. */
  readonly name = randomBytes(16).toString('base64url');
  /** When a poll came or was answered, in milliseconds of `performance.now()`. */
  polledAt = performance.now();
  readonly #options: LongPollOptions;
  readonly #queue: OutboundQueue;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #goodbye: Goodbye = { code: 1006, reason: 'the connection is over' };
  /** How many messages the client has got. */
  #position = 0;
  /** Those behind that an answer carried. */
  #sent: Buffer[] = [];
  #sentBytes = 0;
  /** The newest last: that one gets what comes. */
  #polls: Poll[] = [];
  #isScheduled = false;

  constructor(options: LongPollOptions) {
    this.#options = options;
    this.#queue = new OutboundQueue(options.outbound.onDrop);
  }

  get queuedBytes(): number {
    return this.#queue.bytes + this.#sentBytes;
  }

  get isPolled(): boolean {
    return this.#polls.length > 0;
  }

  /** Messages of one turn of the event loop leave in one answer. */
  write(frame: Buffer, droppable?: Droppable, event?: string): void {
    if (this.#state !== 'open') return;
    this.#queue.add(frame, droppable, event);
    this.#queue.shrinkTo(this.#options.outbound.queueLimit - this.#sentBytes);
    if (!this.isPolled || this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.outbound.turn.add(this);
  }

  /** Takes a poll of a client that has got so many messages. */
  poll(position: number, poll: Poll): void {
    this.#acknowledge(position);
    this.polledAt = performance.now();
    this.#polls.push(poll);
    if (this.#polls.length > POLLS) this.#end(this.#polls[0]);
    this.flush();
  }

  /** The client has given up waiting for this answer. */
  forget(poll: Poll): void {
    this.#polls = this.#polls.filter((each) => each !== poll);
  }

  /** Answers polls whose time is over. */
  endDue(now: number): void {
    for (const poll of this.#polls) if (poll.endsAt <= now) this.#end(poll);
  }

  /** Answers the newest poll, when there is something to say. */
  flush(): void {
    this.#isScheduled = false;
    const poll = this.#polls.at(-1);
    if (!poll) return;
    if (this.#sent.length === 0) this.#take();
    if (this.#sent.length > 0) {
      const token = this.#token(this.#position + this.#sent.length);
      this.#answer(poll, pollAnswer('ok', { token, messages: this.#sent }));
      // One that was given up can arrive last: a client that still waits asks again at once, and gets what was lost there.
      for (const older of this.#polls) this.#end(older);
    } else if (this.#state === 'closing') this.terminate();
  }

  /** The client learns it by the poll behind everything that was written; what a full queue holds is dropped. */
  close(code: number, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#goodbye = { code, reason };
    if (this.queuedBytes > this.#options.outbound.queueLimit) this.#queue.clear();
    this.flush();
  }

  terminate(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const poll of this.#polls) this.#answer(poll, pollAnswer('over', { goodbye: this.#goodbye }));
    this.#options.onClosed();
  }

  #acknowledge(position: number): void {
    const taken = this.#sent.splice(0, Math.max(0, position - this.#position));
    this.#position += taken.length;
    this.#sentBytes -= sum(taken);
  }

  #take(): void {
    this.#sent = this.#queue.take(ANSWER_BYTES);
    this.#sentBytes = sum(this.#sent);
  }

  #end(poll: Poll | undefined): void {
    if (poll) this.#answer(poll, pollAnswer('nothing', { token: this.#token(this.#position) }));
  }

  #answer(poll: Poll, text: string): void {
    this.forget(poll);
    this.polledAt = performance.now();
    poll.answer(text);
  }

  #token(position: number): string {
    return this.#options.token(this.name, position);
  }
}

function sum(frames: readonly Buffer[]): number {
  return frames.reduce((bytes, frame) => bytes + frame.length, 0);
}
