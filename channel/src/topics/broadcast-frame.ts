import {
  broadcastHead,
  encodeBinaryBroadcast,
  isJsonContainer,
  objectBroadcastHead,
  type Broadcast,
} from '@plugmesh/shared/protocol';
import type { Encoding } from '../socket/serializer.ts';
import { OPCODE, webSocketFrame } from '../transport/web-socket-frame.ts';

const ARRAY_TAIL = Buffer.from(']');
const OBJECT_TAIL = Buffer.from('}');

/**
 * The frames of one message: one for each encoding, built when the first subscriber asks, shared by all. The payload is
 * looked at once and its bytes are spliced in; what is not a JSON object or array in UTF-8 goes out as a binary
 * broadcast, because in a text frame it would close every socket.
 */
export class BroadcastFrame {
  readonly #message: Broadcast;
  #isJson: boolean | undefined;
  #v1: Buffer | undefined;
  #v2: Buffer | undefined;

  constructor(message: Broadcast) {
    this.#message = message;
  }

  /** The frame for this encoding, or undefined when it has no form for bytes. */
  of(encoding: Encoding): Buffer | undefined {
    return encoding === 'v2' ? (this.#v2 ??= this.#array()) : (this.#v1 ??= this.#object());
  }

  #array(): Buffer {
    const { topic, event, payload } = this.#message;
    return this.#hasJson()
      ? webSocketFrame(OPCODE.text, [Buffer.from(broadcastHead(topic, event)), payload, ARRAY_TAIL])
      : webSocketFrame(OPCODE.binary, [encodeBinaryBroadcast(this.#message)]);
  }

  #object(): Buffer | undefined {
    if (!this.#hasJson()) return undefined;
    const { payload } = this.#message;
    const head = Buffer.from(objectBroadcastHead(this.#message));
    return webSocketFrame(OPCODE.text, [head, payload, OBJECT_TAIL]);
  }

  #hasJson(): boolean {
    return (this.#isJson ??= isJsonContainer(this.#message.payload));
  }
}
