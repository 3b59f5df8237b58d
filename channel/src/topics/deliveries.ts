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
}

/** How long messages are handed out before other work has its turn: the longer, the more frames leave in one write. */
const SLICE_MS = 25;
/** Members between two looks at the clock. */
const STEP = 64;

/**
 * Hands messages to the members of topics, all of a message in the order in which messages came, and lets the event loop
 * go on with heartbeats and pushes when that takes long.
 */
export class Deliveries {
  readonly #onHandedOut: HandedOut;
  readonly #slices: Slices<Rest>;

  /** `now` answers in milliseconds. */
  constructor(onHandedOut: HandedOut, now?: () => number) {
    this.#onHandedOut = onHandedOut;
    this.#slices = new Slices({ ms: SLICE_MS, run: (rest) => this.#handOut(rest), ...(now && { now }) });
  }

  /** Hands a message to everybody who is in the topic now, at once when time allows. */
  add(topic: Topic<Member>, { frame, event }: Delivery): void {
    const { members } = topic;
    const rest: Rest = { frame, event, members, next: members.length - 1 };
    // Who comes from now on came after the message.
    if (!this.#slices.add(rest)) rest.members = topic.copy();
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
    return rest.next < 0;
  }
}
