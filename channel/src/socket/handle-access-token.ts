import type { Message } from '@plugmesh/shared/protocol';
import { handlePush } from './handle-push.ts';
import { textField } from './payload-field.ts';
import type { Socket } from './socket.ts';

/** A newer token for a topic that is joined: the membership goes on for as long as that one is good. */
export async function handleAccessToken(socket: Socket, message: Message): Promise<void> {
  const membership = socket.memberships.get(message.topic);
  // Answered as every push is that belongs to no membership.
  if (!membership?.isCurrent(message.joinRef)) return handlePush(socket, message);
  const token = textField(message.payload, 'access_token');
  if (token === undefined) {
    socket.refuse(message, { reason: "expected 'access_token', a token", code: 'MESH_BAD_REQUEST' });
    return;
  }
  const verdict = await socket.services.access.renew(membership, token);
  // Meanwhile the membership may have ended by its old token.
  if (!verdict.ok || socket.memberships.get(message.topic) !== membership) {
    const gone = { reason: 'the membership has ended', code: 'MESH_UNAUTHORIZED' } as const;
    socket.refuse(message, verdict.ok ? gone : verdict.refusal);
    return;
  }
  socket.services.expiries.set(membership, verdict.token?.expiresAt);
  socket.reply(message, 'ok', {});
}
