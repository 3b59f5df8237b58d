import {
  broadcastHead,
  encodeBinaryBroadcast,
  isJsonContainer,
  type Broadcast,
} from '@plugmesh/shared/protocol';
import { OPCODE, webSocketFrame } from '../transport/web-socket-frame.ts';

const TAIL = Buffer.from(']');

/**
 * The one frame that every subscriber gets. The payload is looked at once and its bytes are spliced in; what is not a
 * JSON object or array in UTF-8 goes out as a binary broadcast, because in a text frame it would close every socket.
 */
export function broadcastFrame(message: Broadcast): Buffer {
  const { topic, event, payload } = message;
  return isJsonContainer(payload)
    ? webSocketFrame(OPCODE.text, [Buffer.from(broadcastHead(topic, event)), payload, TAIL])
    : webSocketFrame(OPCODE.binary, [encodeBinaryBroadcast(message)]);
}
