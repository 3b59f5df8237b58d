import type { Droppable } from '../socket/connection.ts';

/** Why a frame did not reach its client: the rule of its topic, or the socket was closed as too slow. */
export type DropReason = 'drop-oldest' | 'latest' | 'disconnect';

interface Entry {
  /** Undefined once dropped. */
  frame: Buffer | undefined;
  readonly droppable: Droppable | undefined;
  /** Topic and event, for frames of which only the newest counts. */
  readonly key: string | undefined;
}

/** What an entry costs beside its frame's bytes. */
const ENTRY_BYTES = 64;
const COMPACT_FROM = 64;

/**
 * Frames that wait for one slow client, in order. It is full by bytes, and then frames go whose topic allows it, the
 * oldest first. Adding, dropping and taking cost the same however many frames wait.
 */
export class OutboundQueue {
  readonly #onDrop: (reason: DropReason) => void;
  #entries: Entry[] = [];
  /** Everything before it has been taken. */
  #head = 0;
  /** Nothing before it can be dropped. */
  #oldest = 0;
  #dropped = 0;
  #bytes = 0;
  readonly #newest = new Map<string, Entry>();

  constructor(onDrop: (reason: DropReason) => void) {
    this.#onDrop = onDrop;
  }

  /** Bytes of all frames, each with what it costs to keep. */
  get bytes(): number {
    return this.#bytes;
  }

  add(frame: Buffer, droppable: Droppable | undefined, event = ''): void {
    const key = droppable?.overflow === 'latest' ? `${droppable.topic}\n${event}` : undefined;
    const entry: Entry = { frame, droppable, key };
    if (key !== undefined) {
      const earlier = this.#newest.get(key);
      if (earlier) this.#drop(earlier, 'latest');
      this.#newest.set(key, entry);
    }
    this.#entries.push(entry);
    this.#bytes += frame.length + ENTRY_BYTES;
  }

  /** Drops frames that may be dropped, oldest first, until no more bytes than these wait. */
  shrinkTo(bytes: number): void {
    for (; this.#bytes > bytes && this.#oldest < this.#entries.length; this.#oldest++) {
      const entry = this.#entries[this.#oldest];
      if (entry?.frame && entry.droppable) this.#drop(entry, entry.droppable.overflow);
    }
    this.#compact();
  }

  /** Takes the oldest frames: as many as fit into these bytes, at least one; none when nothing waits. */
  take(bytes: number): Buffer[] {
    const frames: Buffer[] = [];
    for (let room = bytes; room > 0 && this.#head < this.#entries.length; this.#head++) {
      const entry = this.#entries[this.#head];
      if (!entry?.frame) this.#dropped--;
      else {
        frames.push(entry.frame);
        room -= entry.frame.length;
        this.#forget(entry);
      }
    }
    this.#oldest = Math.max(this.#oldest, this.#head);
    this.#compact();
    return frames;
  }

  /** Drops everything: the socket is closed because its client is too slow. */
  clear(): void {
    for (const entry of this.#entries.slice(this.#head)) if (entry.frame) this.#drop(entry, 'disconnect');
    this.#compact();
  }

  #drop(entry: Entry, reason: DropReason): void {
    this.#forget(entry);
    this.#dropped++;
    this.#onDrop(reason);
  }

  #forget(entry: Entry): void {
    this.#bytes -= (entry.frame?.length ?? 0) + ENTRY_BYTES;
    entry.frame = undefined;
    if (entry.key !== undefined && this.#newest.get(entry.key) === entry) this.#newest.delete(entry.key);
  }

  /** Lets go of entries that are done with, when they are half of all: never a scan for each. */
  #compact(): void {
    const done = this.#head + this.#dropped;
    if (done < COMPACT_FROM || done * 2 < this.#entries.length) return;
    this.#entries = this.#entries.filter(({ frame }) => frame !== undefined);
    this.#head = this.#oldest = this.#dropped = 0;
  }
}
