import { setTimeout as delay } from 'node:timers/promises';
import type { EventId } from '@plugmesh/shared/history';
import type { Membership } from '../socket/membership.ts';
import { BroadcastFrame } from '../topics/broadcast-frame.ts';
import type { DurableEntry } from './durable-topics.ts';
import { isNext } from './durable-topic.ts';
import type { History } from './history-reader.ts';

/** How long a client may take nothing while it is brought up to date. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 10;

/** What is sent again, to whom, and up to where. */
export interface ReplayOptions {
  readonly history: History;
  readonly membership: Membership;
  readonly entry: DurableEntry;
  /** The topic's position when the membership began: what comes behind it is held by the membership. */
  readonly until: EventId;
}

/**
 * Sends the events that a client has missed, as fast as it takes them, then lets go what came meanwhile. A membership
 * begins exactly at `until`, so nothing is missing between the two and nothing comes twice.
 */
export async function replay({ history, membership, entry, until }: ReplayOptions): Promise<void> {
  let [last, events] = [entry.since, entry.events];
  while (last && last.number < until.number) {
    if (events.length === 0) events = await history.after(membership.topic, last);
    if (!isCurrent(membership)) return;
    const event = events.shift();
    // Trimmed or emptied while it was read: the client joins again from where it stands now, and hears so.
    if (event?.id.epoch !== last.epoch || !isNext(last, event.id)) throw new Error('events were trimmed');
    if (isFull(membership) && !(await hasRoom(membership))) return;
    const { socket } = membership;
    const frame = new BroadcastFrame(event).of(socket.encoding);
    if (frame) socket.deliver(frame);
    last = event.id;
  }
  membership.release();
}

function isCurrent(membership: Membership): boolean {
  return membership.socket.memberships.get(membership.topic) === membership;
}

/** Half of what may wait: the other half is for what happens meanwhile. */
function isFull({ socket }: Membership): boolean {
  return socket.queuedBytes > socket.services.limits.queue / 2;
}

/** Resolves to whether the client has taken enough to go on; one that takes nothing is closed. */
async function hasRoom(membership: Membership): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  while (isCurrent(membership) && isFull(membership)) {
    if (performance.now() > deadline) membership.socket.close('slow');
    else await delay(LOOK_MS);
  }
  return isCurrent(membership);
}
