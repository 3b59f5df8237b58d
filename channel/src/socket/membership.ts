import type { Identity } from '@plugmesh/shared/identity';
import type { TopicRule } from '@plugmesh/shared/mesh-document';
import type { Ref } from '@plugmesh/shared/protocol';
import type { BroadcastFrame } from '../topics/broadcast-frame.ts';
import type { Member } from '../topics/topic.ts';
import type { Droppable } from './connection.ts';
import type { Socket } from './socket.ts';

/** What a membership is made from. */
export interface MembershipOptions extends Pick<Membership, 'topic' | 'joinRef' | 'ref' | 'id'> {
  readonly overflow: TopicRule['overflow'];
}

/** One socket joined to one topic. Ends by leave, by another join of the same topic, or with the socket. */
export class Membership implements Member {
  readonly socket: Socket;
  readonly topic: string;
  readonly joinRef: Ref;
  /** That of the join itself. */
  readonly ref: Ref;
  /** The client's own id: from its token, else the socket's. */
  readonly id: string;
  /** What may become of its broadcasts when the socket is too slow; undefined: the socket is closed. */
  readonly droppable: Droppable | undefined;
  index = -1;
  /** When its token ends, in milliseconds since 1970, and where that came from. */
  expiresAt: number | undefined;
  tokenFrom: 'join' | 'connection' | undefined;
  /** Reference of its presence, when the topic tracks it. */
  presenceRef: string | undefined;
  #held: Buffer[] | undefined;
  #heldBytes = 0;

  constructor(socket: Socket, { topic, joinRef, ref, id, overflow }: MembershipOptions) {
    this.socket = socket;
    this.topic = topic;
    this.joinRef = joinRef;
    this.ref = ref;
    this.id = id;
    this.droppable = overflow === 'disconnect' ? undefined : { topic, overflow };
  }

  get identity(): Identity {
    return this.socket.identity;
  }

  /** Bytes have no form in version 1 and over long-poll: such a client goes without them. */
  deliver(frame: BroadcastFrame, event: string | undefined): number {
    const { encoding, services } = this.socket;
    const bytes = frame.of(encoding);
    if (!bytes) {
      services.metrics.count('skipped');
      return 0;
    }
    if (this.#held) this.#hold(this.#held, bytes);
    else this.socket.deliver(bytes, event === undefined ? undefined : this.droppable, event);
    return bytes.length;
  }

  /** Keeps what comes until `release`: the client is sent what it has missed first. */
  hold(): void {
    this.#held = [];
  }

  /** Sends what was held, in order. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const frame of held) this.socket.deliver(frame);
  }

  #hold(held: Buffer[], frame: Buffer): void {
    held.push(frame);
    this.#heldBytes += frame.length;
    if (this.#heldBytes > this.socket.services.limits.queue) this.socket.close('slow');
  }

  /**
   * Whether a message belongs to this membership, and not to an earlier one of the same topic. Some clients join with
   * another join_ref (phyllo: 0) and then name the ref of that join, as Phoenix has always allowed for pushes.
   */
  isCurrent(joinRef: Ref): boolean {
    return joinRef === null || joinRef === this.joinRef || joinRef === this.ref;
  }
}
