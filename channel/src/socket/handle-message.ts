import { isTopicName, type Message } from '@plugmesh/shared/protocol';
import { handleAccessToken } from './handle-access-token.ts';
import { handleJoin } from './handle-join.ts';
import { handlePush } from './handle-push.ts';
import type { Socket } from './socket.ts';

type Handler = (socket: Socket, message: Message, signal: AbortSignal) => Promise<void> | void;

/** Events with a meaning of their own; every other one is a push. */
const HANDLERS: Readonly<Record<string, Handler>> = Object.assign(Object.create(null) as object, {
  access_token: handleAccessToken,
  phx_join: handleJoin,
  phx_leave: handleLeave,
});

/** Does what the protocol says for one message (channel-wire, "What the server answers"). */
export function handleMessage(socket: Socket, message: Message, signal: AbortSignal): Promise<void> | void {
  const { topic, event } = message;
  if (!endsMembership(socket, message)) {
    const rate = event === 'phx_join' ? socket.joinRate : socket.pushRate;
    if (!socket.allows(message, rate)) return;
  }
  if (topic === 'phoenix' && event === 'heartbeat') {
    socket.reply(message, 'ok', {});
  } else if (isReserved(event)) {
    socket.services.metrics.count('reserved');
  } else if (!isTopicName(topic) || Buffer.byteLength(topic) > socket.services.limits.name) {
    const limit = `a topic's name has 1 to ${socket.services.limits.name} bytes and no control characters`;
    socket.refuse(message, { reason: limit, code: 'MESH_BAD_REQUEST' });
  } else return (HANDLERS[event] ?? handlePush)(socket, message, signal);
}

/** A leave that is due must not be refused, or the socket would go on getting the topic. There are as many as joins. */
function endsMembership(socket: Socket, { topic, event, joinRef }: Message): boolean {
  return event === 'phx_leave' && (socket.memberships.get(topic)?.isCurrent(joinRef) ?? false);
}

/** What only the server may say. */
function isReserved(event: string): boolean {
  return ['phx_reply', 'phx_error', 'phx_close'].includes(event) || event.startsWith('presence_');
}

function handleLeave(socket: Socket, message: Message): void {
  const membership = socket.memberships.get(message.topic);
  // Left already, or never joined: the client only wants to be sure.
  if (!membership) {
    socket.services.presence.release(socket.name, message.topic);
    socket.reply(message, 'ok', {});
  }
  // A leave that a later join has overtaken must not end that one.
  else if (membership.isCurrent(message.joinRef)) {
    socket.detach(membership);
    socket.reply(message, 'ok', {});
    socket.end(membership.topic, membership.joinRef, 'phx_close');
  }
}
