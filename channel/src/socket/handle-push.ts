import { isEventName, type Message } from '@plugmesh/shared/protocol';
import type { Refusal } from '../topics/topic-access.ts';
import type { Membership } from './membership.ts';
import type { Socket } from './socket.ts';

const NOT_PUBLISHED: Refusal = { reason: 'Redis cannot be reached', code: 'MESH_REDIS_UNAVAILABLE' };

/** Publishes a client's message for the plugins, byte for byte, and says whether Redis took it. */
export async function handlePush(socket: Socket, message: Message): Promise<void> {
  const { topic, event, joinRef, payload } = message;
  const membership = socket.memberships.get(topic);
  if (!membership) {
    socket.refuse(message, { reason: 'unmatched topic', code: 'MESH_TOPIC_UNMATCHED' });
    socket.endUnknown(message);
    return;
  }
  // Meant for a membership that is over: its client no longer waits.
  if (!membership.isCurrent(joinRef)) return;
  const retryAfter = socket.pushRate.take();
  if (retryAfter > 0) {
    socket.refuseForRate(message, socket.pushRate, retryAfter);
    return;
  }
  const refusal = refusalOf(socket, membership, event);
  if (refusal) socket.refuse(message, refusal);
  else if (await socket.services.bus.publish(topic, event, Buffer.from(payload))) {
    socket.services.metrics.count('pushes');
    socket.reply(message, 'ok', {});
  } else socket.refuse(message, NOT_PUBLISHED);
}

function refusalOf(socket: Socket, { topic, id }: Membership, event: string): Refusal | undefined {
  const { access, limits } = socket.services;
  if (!isEventName(event) || Buffer.byteLength(event) > limits.name) {
    const reason = `an event's name has 1 to ${limits.name} bytes, no colon and no control characters`;
    return { reason, code: 'MESH_BAD_REQUEST' };
  }
  const verdict = access.push(topic, id);
  return verdict.ok ? undefined : verdict.refusal;
}
