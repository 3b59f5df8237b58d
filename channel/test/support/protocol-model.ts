import type { Ref } from '@plugmesh/shared/protocol';

/** What a client has sent. */
export interface Sent {
  readonly joinRef: Ref;
  readonly ref: Ref;
  readonly topic: string;
  readonly event: string;
}

/** A frame of the server, less what differs each time: `[join_ref, ref, topic, event, what of the payload]`. */
export type Seen = readonly [joinRef: Ref, ref: Ref, topic: string, event: string, payload: string];

/** The rules of one socket, as "What the server answers" of the protocol reference has them, and nothing else. */
export class SocketModel {
  /** Topic → join_ref of its membership. */
  readonly memberships = new Map<string, Ref>();
  readonly #isOpenTopic: (topic: string) => boolean;
  readonly #toldOnce = new Set<string>();

  constructor(isOpenTopic: (topic: string) => boolean) {
    this.#isOpenTopic = isOpenTopic;
  }

  /** The answers to one message, in order. A join is `cancelled` when a leave of its client overtook it. */
  answers(
    sent: Sent,
    cancelled: boolean,
  ): { readonly frames: readonly Seen[]; readonly isPublished: boolean } {
    const quiet = { isPublished: false };
    if (sent.topic === 'phoenix' && sent.event === 'heartbeat')
      return { ...quiet, frames: [reply(sent, 'ok')] };
    if (sent.event === 'phx_join') return { ...quiet, frames: this.#join(sent, cancelled) };
    if (sent.event === 'phx_leave') return { ...quiet, frames: this.#leave(sent) };
    if (sent.event.startsWith('phx_') || sent.event.startsWith('presence_')) return { ...quiet, frames: [] };
    return this.#push(sent);
  }

  #join(sent: Sent, cancelled: boolean): Seen[] {
    const { topic, joinRef } = sent;
    const earlier = this.memberships.get(topic);
    const ended: Seen[] = earlier === undefined ? [] : [end(earlier, topic, 'phx_close')];
    this.memberships.delete(topic);
    if (cancelled) return ended;
    if (!this.#isOpenTopic(topic)) return [reply(sent, 'error unmatched topic'), ...ended];
    this.memberships.set(topic, joinRef);
    this.#toldOnce.delete(topic);
    return [reply(sent, 'ok id'), ...ended, [joinRef, null, topic, 'presence_state', '']];
  }

  #leave(sent: Sent): Seen[] {
    const { topic, joinRef } = sent;
    const current = this.memberships.get(topic);
    if (current === undefined) return [reply(sent, 'ok')];
    if (joinRef !== null && joinRef !== current) return [];
    this.memberships.delete(topic);
    return [reply(sent, 'ok'), end(current, topic, 'phx_close')];
  }

  #push(sent: Sent): { frames: Seen[]; isPublished: boolean } {
    const { topic, joinRef } = sent;
    const current = this.memberships.get(topic);
    if (current === undefined) {
      const told: Seen[] = this.#toldOnce.has(topic) ? [] : [end(joinRef, topic, 'phx_error')];
      this.#toldOnce.add(topic);
      return { frames: [reply(sent, 'error unmatched topic'), ...told], isPublished: false };
    }
    const isCurrent = joinRef === null || joinRef === current;
    return { frames: isCurrent ? [reply(sent, 'ok')] : [], isPublished: isCurrent };
  }
}

/** What the model says of a frame that has come. */
export function seen(frame: readonly unknown[]): Seen {
  const [joinRef, ref, topic, event, payload] = frame as [Ref, Ref, string, string, Record<string, unknown>];
  return [joinRef, ref, topic, event, event === 'phx_reply' ? outcome(payload) : ''];
}

function outcome({ status, response }: Record<string, unknown>): string {
  const fields = response as Record<string, unknown>;
  const rest = status === 'ok' ? Object.keys(fields).join(' ') : String(fields['reason']);
  return `${String(status)} ${rest}`.trim();
}

function reply({ joinRef, ref, topic }: Sent, payload: string): Seen {
  return [joinRef, ref, topic, 'phx_reply', payload];
}

function end(joinRef: Ref, topic: string, event: string): Seen {
  return [joinRef, joinRef, topic, event, ''];
}
