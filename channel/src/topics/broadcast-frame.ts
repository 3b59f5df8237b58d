import {
  broadcastHead,
  encodeBinaryBroadcast,
  isJsonContainer,
  objectBroadcastHead,
  type Broadcast,
} from '@plugmesh/shared/protocol';
import { stringLiteral, type Encoding } from '../socket/serializer.ts';
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
  #v2: Buffer | undefined;
  readonly #others: Partial<Record<Encoding, Buffer | undefined>> = {};
  #isJson: boolean | undefined;

  constructor(message: Broadcast) {
    this.#message = message;
  }

  /** Of the payload. */
  get bytes(): number {
    return this.#message.payload.length;
  }

  /** The frame for this encoding, or undefined when it has no form for bytes. */
  of(encoding: Encoding): Buffer | undefined {
    // Asked for each subscriber, nearly always for this one.
    if (encoding === 'v2') return (this.#v2 ??= this.#build('v2'));
    return (this.#others[encoding] ??= this.#build(encoding));
  }

  #build(encoding: Encoding): Buffer | undefined {
    this.#isJson ??= isJsonContainer(this.#message.payload);
    if (this.#isJson) {
      const parts = this.#textParts(encoding);
      return isForPoll(encoding)
        ? stringLiteral(Buffer.concat(parts).toString())
        : webSocketFrame(OPCODE.text, parts);
    }
    if (encoding !== 'v2') return undefined;
    return webSocketFrame(OPCODE.binary, [encodeBinaryBroadcast(this.#message)]);
  }

  #textParts(encoding: Encoding): Buffer[] {
    const { topic, event, payload } = this.#message;
    const isObject = encoding === 'v1' || encoding === 'v1-poll';
    const head = isObject ? objectBroadcastHead(this.#message) : broadcastHead(topic, event);
    return [Buffer.from(head), payload, isObject ? OBJECT_TAIL : ARRAY_TAIL];
  }
}

function isForPoll(encoding: Encoding): boolean {
  return encoding === 'v1-poll' || encoding === 'v2-poll';
}
