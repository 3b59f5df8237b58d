import type { Message } from '@plugmesh/shared/protocol';

/** Handles one message; the signal ends a join that waits. */
export type MessageHandler = (message: Message, signal: AbortSignal) => Promise<void> | void;

interface Entry {
  readonly message: Message;
  readonly bytes: number;
  /** Joins only: what a leave that comes behind aborts. */
  readonly cancel: AbortController | undefined;
}

/** What an entry costs beside its message's bytes: without it the smallest frames would wait in their ten thousands. */
const ENTRY_BYTES = 256;

const NEVER = new AbortController().signal;

/** Messages of one socket, handled strictly in order, one at a time, also while one waits for Redis. */
export class Inbox {
  readonly #handle: MessageHandler;
  #entries: Entry[] = [];
  #current: Entry | undefined;
  #bytes = 0;

  constructor(handle: MessageHandler) {
    this.#handle = handle;
  }

  /** Bytes that wait behind the message at work, each message with what it costs to keep. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a message of so many bytes; handles it at once when nothing is at work. */
  add(message: Message, bytes: number): void {
    if (message.event === 'phx_leave') this.#cancelJoin(message);
    const cancel = message.event === 'phx_join' ? new AbortController() : undefined;
    this.#entries.push({ message, bytes: bytes + ENTRY_BYTES, cancel });
    this.#bytes += bytes + ENTRY_BYTES;
    if (!this.#current) void this.#work();
  }

  /** Forgets everything and ends the join that waits: the socket is gone. */
  clear(): void {
    this.#entries = [];
    this.#bytes = 0;
    this.#current?.cancel?.abort();
  }

  async #work(): Promise<void> {
    while ((this.#current = this.#entries.shift())) {
      const { message, bytes, cancel } = this.#current;
      this.#bytes = Math.max(0, this.#bytes - bytes);
      await this.#handle(message, cancel?.signal ?? NEVER);
    }
  }

  /** A client whose join timed out sends a leave with the same join_ref: that join must not come true any more. */
  #cancelJoin({ topic, joinRef }: Message): void {
    for (const entry of this.#current ? [this.#current, ...this.#entries] : this.#entries) {
      if (entry.message.topic === topic && entry.message.joinRef === joinRef) entry.cancel?.abort();
    }
  }
}
