import type { BroadcastFrame } from './broadcast-frame.ts';

/** What a topic holds of a subscriber. */
export interface Member {
  /** Where it stands in the topic's array; the topic writes it. */
  index: number;
  /**
   * Takes a message's frame; answers how many bytes it has in the member's encoding, 0 when there is no form for it.
   * `event` is undefined for what the protocol itself says, which is never dropped.
   */
  deliver(frame: BroadcastFrame, event: string | undefined): number;
}

/** The subscribers of one topic in a dense array: adding, removing and walking cost nothing but that. */
export class Topic<Each extends Member> {
  readonly members: Each[] = [];
  #copy: readonly Each[] | undefined;

  add(member: Each): void {
    this.#copy = undefined;
    member.index = this.members.push(member) - 1;
  }

  /** The last member moves into the gap. */
  remove(member: Each): void {
    this.#copy = undefined;
    const last = this.members.pop();
    if (last && last !== member) {
      this.members[member.index] = last;
      last.index = member.index;
    }
    member.index = -1;
  }

  /** The members as they are now, shared until somebody comes or goes. */
  copy(): readonly Each[] {
    return (this.#copy ??= [...this.members]);
  }
}
