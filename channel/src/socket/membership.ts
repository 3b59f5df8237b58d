import type { Ref } from '@plugmesh/shared/protocol';
import type { BroadcastFrame } from '../topics/broadcast-frame.ts';
import type { Member } from '../topics/topic.ts';
import type { Socket } from './socket.ts';

/** One socket joined to one topic. Ends by leave, by another join of the same topic, or with the socket. */
export class Membership implements Member {
  readonly socket: Socket;
  readonly topic: string;
  readonly joinRef: Ref;
  /** The client's own id: from its token, else the socket's. */
  readonly id: string;
  index = -1;
  /** When its token ends, in milliseconds since 1970, and where that came from. */
  expiresAt: number | undefined;
  tokenFrom: 'join' | 'connection' | undefined;
  /** Reference of its presence, when the topic tracks it. */
  presenceRef: string | undefined;
  #held: Buffer[] | undefined;
  #heldBytes = 0;

  constructor(socket: Socket, { topic, joinRef, id }: Pick<Membership, 'topic' | 'joinRef' | 'id'>) {
    this.socket = socket;
    this.topic = topic;
    this.joinRef = joinRef;
    this.id = id;
  }

  /** Bytes have no form in version 1: such a client goes without them. */
  deliver(frame: BroadcastFrame): boolean {
    const { encoding, services } = this.socket;
    const bytes = frame.of(encoding);
    if (!bytes) services.metrics.count('skipped');
    else if (this.#held) this.#hold(this.#held, bytes);
    else this.socket.deliver(bytes);
    return bytes !== undefined;
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

  /** Whether a message belongs to this membership, and not to an earlier one of the same topic. */
  isCurrent(joinRef: Ref): boolean {
    return joinRef === null || joinRef === this.joinRef;
  }
}
