import { isEventName, type Message } from '@plugmesh/shared/protocol';
import type { Refusal, Verdict } from '../topics/topic-access.ts';
import { sealEnvelope } from './envelope.ts';
import type { Membership } from './membership.ts';
import type { Socket } from './socket.ts';

const NOT_PUBLISHED: Refusal = { reason: 'Redis cannot be reached', code: 'MESH_REDIS_UNAVAILABLE' };

/** Publishes a client's message for the plugins, byte for byte, and says whether Redis took it. */
export async function handlePush(socket: Socket, message: Message): Promise<void> {
  const { topic, event, joinRef } = message;
  const membership = socket.memberships.get(topic);
  if (!membership) {
    socket.refuse(message, { reason: 'unmatched topic', code: 'MESH_TOPIC_UNMATCHED' });
    socket.endUnknown(message);
    return;
  }
  // Meant for a membership that is over: its client no longer waits.
  if (!membership.isCurrent(joinRef)) return;
  const verdict = decide(socket, membership, event);
  if (!verdict.ok) socket.refuse(message, verdict.refusal);
  else if (verdict.rule.envelope) await publishSealed(socket, message);
  else if (await socket.services.bus.publish(topic, event, Buffer.from(message.payload))) {
    socket.services.metrics.count('pushes');
    socket.reply(message, 'ok', {});
  } else socket.refuse(message, NOT_PUBLISHED);
}

/** Says who pushed and where to answer: what the client gets as reply is then the plugin's. */
async function publishSealed(socket: Socket, message: Message): Promise<void> {
  const { topic, event, ref, payload } = message;
  const { bus, metrics, replies } = socket.services;
  const replyTo = ref === null ? null : replies.expect(socket, message);
  const sealed = sealEnvelope(payload, { user: socket.user, socket: socket.name, ref, replyTo });
  if (await bus.publish(topic, event, sealed)) metrics.count('pushes');
  else {
    if (replyTo !== null) replies.forget(replyTo);
    socket.refuse(message, NOT_PUBLISHED);
  }
}

function decide(socket: Socket, membership: Membership, event: string): Verdict {
  const { access, limits } = socket.services;
  if (!isEventName(event) || Buffer.byteLength(event) > limits.name) {
    const reason = `an event's name has 1 to ${limits.name} bytes, no colon and no control characters`;
    return { ok: false, refusal: { reason, code: 'MESH_BAD_REQUEST' } };
  }
  return access.push(membership);
}
