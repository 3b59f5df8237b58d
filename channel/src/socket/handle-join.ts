import type { Message } from '@plugmesh/shared/protocol';
import type { Refusal, Verdict } from '../topics/topic-access.ts';
import { enterDurable, HISTORY_NOT_READ, type DurableJoin } from './durable-join.ts';
import { Membership } from './membership.ts';
import { textField } from './payload-field.ts';
import type { Socket } from './socket.ts';

/** How long a join waits for Redis. Less than the 10 s after which the official client gives up. */
const PATIENCE_MS = 8000;

const REDIS_AWAY: Refusal = { reason: 'Redis cannot be reached', code: 'MESH_REDIS_UNAVAILABLE' };

interface Outcome {
  readonly verdict: Verdict;
  /** Durable topics only. */
  readonly entry: DurableJoin | undefined;
  readonly cancelled: boolean;
}

/** Joins a topic: refused with a reason, or acknowledged once the subscription is live. */
export async function handleJoin(socket: Socket, message: Message, signal: AbortSignal): Promise<void> {
  const { verdict, entry } = await enterDurable(socket, message, await decide(socket, message, signal));
  try {
    const outcome = entry?.isOver ? HISTORY_NOT_READ : verdict;
    finishJoin(socket, message, { verdict: outcome, entry, cancelled: signal.aborted });
  } finally {
    entry?.leave();
  }
}

function finishJoin(socket: Socket, message: Message, { verdict, entry, cancelled }: Outcome): void {
  if (!socket.isOpen) return;
  // Whatever the answer is: a client that joins a topic again has given up its earlier membership of it.
  const earlier = socket.memberships.get(message.topic);
  if (earlier) socket.detach(earlier);
  const joined = !cancelled && answer(socket, message, verdict, entry);
  if (earlier) socket.end(earlier.topic, earlier.joinRef, 'phx_close');
  if (!joined) return;
  sendPresence(socket, joined, verdict);
  entry?.replayTo(joined);
}

async function decide(socket: Socket, message: Message, signal: AbortSignal): Promise<Verdict> {
  const { services, memberships, credentials: socketToken, identity, ownId } = socket;
  const { topic, payload } = message;
  if (!memberships.has(topic) && memberships.size >= services.limits.topicsPerSocket) {
    return refused({ reason: 'too many channels joined', code: 'MESH_RATE_LIMITED' });
  }
  const joinToken = textField(payload, 'token');
  const verdict = await services.access.join(topic, { joinToken, socketToken, ownId, identity });
  if (!verdict.ok) return verdict;
  if (services.bus.live) return verdict;
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  return (await services.bus.whenLive(patience)) ? verdict : refused(REDIS_AWAY);
}

function answer(
  socket: Socket,
  message: Message,
  verdict: Verdict,
  entry: DurableJoin | undefined,
): Membership | false {
  if (!verdict.ok) {
    socket.refuse(message, verdict.refusal);
    return false;
  }
  const { topic, joinRef, ref } = message;
  const { id, rule } = verdict;
  const membership = new Membership(socket, { topic, joinRef, ref, id, overflow: rule.overflow });
  socket.attach(membership);
  membership.tokenFrom = verdict.token?.from;
  socket.services.expiries.set(membership, verdict.token?.expiresAt);
  socket.services.metrics.count('joins');
  socket.reply(message, 'ok', { id, ...entry?.begin() });
  return membership;
}

/** Always sent, also empty: without it the client keeps every later diff waiting. */
function sendPresence(socket: Socket, membership: Membership, verdict: Verdict): void {
  const { presence } = socket.services;
  if (!verdict.ok || !verdict.rule.presence) {
    socket.push(membership, 'presence_state', {});
    return;
  }
  membership.presenceRef = presence.track(membership.topic, socket.name, { online_at: Date.now() });
  for (const { event, payload } of presence.welcome(membership.topic))
    socket.push(membership, event, payload);
}

function refused(refusal: Refusal): Verdict {
  return { ok: false, refusal };
}
