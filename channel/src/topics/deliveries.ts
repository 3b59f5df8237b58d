import { Slices } from '../slices.ts';
import type { BroadcastFrame } from './broadcast-frame.ts';
import type { Member, Topic } from './topic.ts';

/** A message on its way to the members of a topic. */
export interface Delivery {
  readonly frame: BroadcastFrame;
  /** Undefined for what the protocol itself says. */
  readonly event: string | undefined;
}

/** Is told how many frames of how many bytes, of all together, were handed to members. */
export type HandedOut = (count: number, bytes: number) => void;

interface Rest extends Delivery {
  members: readonly Member[];
  next: number;
  /** What it costs to keep while it waits. */
  waitingBytes: number;
}

/** How long messages are handed out before other work has its turn: the longer, the more frames leave in one write. */
const SLICE_MS = 25;
/** Members between two looks at the clock. */
const STEP = 64;
/** So much waits here at most. */
const WAITING_LIMIT = 16_777_216;
/** What a message that waits costs beside its payload. */
const ENTRY_BYTES = 256;

/**
 * Hands messages to the members of topics, all of a message in the order in which messages came, and lets the event loop
 * go on with heartbeats and pushes when that takes long. When more comes than can be handed out, the event loop has to
 * wait after all: then Redis holds the rest, and not our memory.
 */
export class Deliveries {
  readonly #onHandedOut: HandedOut;
  readonly #slices: Slices<Rest>;
  #waitingBytes = 0;

  /** `now` answers in milliseconds. */
  constructor(onHandedOut: HandedOut, now?: () => number) {
    this.#onHandedOut = onHandedOut;
    this.#slices = new Slices({ ms: SLICE_MS, run: (rest) => this.#handOut(rest), ...(now && { now }) });
  }

  /** Hands a message to everybody who is in the topic now, at once when time allows. */
  add(topic: Topic<Member>, { frame, event }: Delivery): void {
    const { members } = topic;
    const rest: Rest = { frame, event, members, next: members.length - 1, waitingBytes: 0 };
    if (this.#slices.add(rest)) return;
    // Who comes from now on came after the message.
    rest.members = topic.copy();
    rest.waitingBytes = frame.bytes + ENTRY_BYTES;
    this.#waitingBytes += rest.waitingBytes;
    while (this.#waitingBytes > WAITING_LIMIT) this.#slices.finishOldest();
  }

  /**
   * Goes on with a message for as long as there is time; answers whether everybody has it. Backwards, because a member
   * that is too slow is removed meanwhile.
   */
  #handOut(rest: Rest): boolean {
    const { members, frame, event } = rest;
    let [count, total] = [0, 0];
    do {
      const member = members[rest.next--];
      // One that has left meanwhile; a later membership of that socket came after the message.
      if (!member || member.index < 0) continue;
      const bytes = member.deliver(frame, event);
      if (bytes > 0) count++;
      total += bytes;
    } while (rest.next >= 0 && (rest.next % STEP !== 0 || !this.#slices.isOver));
    this.#onHandedOut(count, total);
    if (rest.next >= 0) return false;
    this.#waitingBytes -= rest.waitingBytes;
    return true;
  }
}
