import { formatEventId, parseEventId, type EventId } from '@plugmesh/shared/history';
import type { Message } from '@plugmesh/shared/protocol';
import type { DurableEntry } from '../history/durable-topics.ts';
import { replay } from '../history/replay.ts';
import type { Verdict } from '../topics/topic-access.ts';
import type { Membership } from './membership.ts';
import type { Socket } from './socket.ts';

/** The client tries again. */
export const HISTORY_NOT_READ: Verdict = {
  ok: false,
  refusal: { reason: 'the history cannot be read', code: 'MESH_REDIS_UNAVAILABLE' },
};

/** A join of a durable topic, ready to begin. */
export class DurableJoin {
  readonly #entry: DurableEntry;
  readonly #hasAsked: boolean;
  #until: EventId | undefined;

  constructor(entry: DurableEntry, hasAsked: boolean) {
    this.#entry = entry;
    this.#hasAsked = hasAsked;
  }

  /** Whether the topic's events were lost meanwhile. */
  get isOver(): boolean {
    return this.#entry.topic.state === 'broken';
  }

  /**
   * What the join reply says: how many events follow, or from which on the client is up to date. The membership begins
   * in the same turn, so that it begins exactly here.
   */
  begin(): Readonly<Record<string, unknown>> {
    const until = (this.#until = this.#entry.topic.position);
    const missed = this.#missed;
    if (missed !== undefined) return { recovered: true, events: missed };
    return {
      ...(this.#hasAsked ? { recovered: false } : {}),
      ...(until ? { _id: formatEventId(until) } : {}),
    };
  }

  /** Sends what was missed, and holds back what comes until then. */
  replayTo(membership: Membership): void {
    const { socket, topic, joinRef } = membership;
    const { history } = socket.services.durable;
    if (!this.#until || !this.#missed) return;
    socket.services.metrics.count('recoveries');
    membership.hold();
    replay({ history, membership, entry: this.#entry, until: this.#until }).catch((error: unknown) => {
      socket.services.log.info({ err: error, socket: socket.name, topic }, 'a recovery was broken off');
      if (socket.memberships.get(topic) !== membership) return;
      socket.detach(membership);
      socket.end(topic, joinRef, 'phx_error');
    });
  }

  /** How many events the client has to be sent; undefined when that is impossible, or not asked for. */
  get #missed(): number | undefined {
    const [until, { since }] = [this.#until, this.#entry];
    return since && until?.epoch === since.epoch ? until.number - since.number : undefined;
  }

  /** The join is over, whatever came of it. */
  leave(): void {
    this.#entry.topic.joining--;
  }
}

/** For a durable topic: finds out where the client stands, by the `since` of its join payload. */
export async function enterDurable(
  socket: Socket,
  { topic, payload }: Message,
  verdict: Verdict,
): Promise<{ verdict: Verdict; entry: DurableJoin | undefined }> {
  if (!verdict.ok || !verdict.rule.history) return { verdict, entry: undefined };
  const asked = sinceOf(payload);
  const entry = await socket.services.durable.enter(topic, parseEventId(asked)).catch(() => undefined);
  return entry
    ? { verdict, entry: new DurableJoin(entry, Boolean(asked)) }
    : { verdict: HISTORY_NOT_READ, entry: undefined };
}

/** `since` of the join payload; a client that has no id yet may send null or an empty text. */
function sinceOf(payload: string | Buffer): unknown {
  if (typeof payload !== 'string') return undefined;
  const fields: unknown = JSON.parse(payload);
  return typeof fields === 'object' && fields !== null && Object.hasOwn(fields, 'since')
    ? (fields as { since: unknown }).since
    : undefined;
}
