import type { BroadcastFrame } from './broadcast-frame.ts';

/** What a topic holds of a subscriber. */
export interface Member {
  /** Where it stands in the topic's array; the topic writes it. */
  index: number;
  /** Takes a message's frame; answers whether there is one in its encoding. */
  deliver(frame: BroadcastFrame): boolean;
}

/** The subscribers of one topic in a dense array: adding, removing and walking cost nothing but that. */
export class Topic<Each extends Member> {
  readonly members: Each[] = [];

  add(member: Each): void {
    member.index = this.members.push(member) - 1;
  }

  /** The last member moves into the gap. */
  remove(member: Each): void {
    const last = this.members.pop();
    if (last && last !== member) {
      this.members[member.index] = last;
      last.index = member.index;
    }
    member.index = -1;
  }

  /**
   * Hands the same bytes to everybody of one encoding, and answers how many could take them. Backwards, because a member
   * that is too slow is removed meanwhile.
   */
  deliver(frame: BroadcastFrame): number {
    let count = 0;
    for (let index = this.members.length - 1; index >= 0; index--) {
      if (this.members[index]?.deliver(frame)) count++;
    }
    return count;
  }
}
