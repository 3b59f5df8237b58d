import {
  decodeBinaryFrame,
  decodeObjectFrame,
  decodeTextFrame,
  encodeEnd,
  encodeObjectEnd,
  encodeObjectPush,
  encodeObjectReply,
  encodePush,
  encodeReply,
  type Message,
  type Push,
  type Reply,
} from '@plugmesh/shared/protocol';
import { webSocketTextFrame } from '../transport/web-socket-frame.ts';

/**
 * How frames are written: the protocol version, by the first number of `vsn`, as complete WebSocket frames or, for
 * long-poll, as JSON string literals.
 */
export type Encoding = 'v1' | 'v2' | 'v1-poll' | 'v2-poll';

/** How one client's frames are written: what Phoenix calls its serializer. */
export interface Serializer {
  readonly encoding: Encoding;
  /** A client's frame, or undefined when it is malformed. */
  decode(data: Buffer, isBinary: boolean): Message | undefined;
  encodeReply(reply: Reply): string;
  encodePush(push: Push): string;
  encodeEnd(end: Push): string;
  /** The complete frame of a text. */
  frame(text: string): Buffer;
}

const V1: Serializer = {
  encoding: 'v1',
  decode: (data, isBinary) => (isBinary ? undefined : decodeObjectFrame(data.toString())),
  encodeReply: encodeObjectReply,
  encodePush: encodeObjectPush,
  encodeEnd: encodeObjectEnd,
  frame: webSocketTextFrame,
};

const V2: Serializer = {
  encoding: 'v2',
  decode: (data, isBinary) => (isBinary ? decodeBinaryFrame(data) : decodeTextFrame(data.toString())),
  encodeReply,
  encodePush,
  encodeEnd,
  frame: webSocketTextFrame,
};

const SERIALIZERS = {
  socket: { 1: V1, 2: V2 },
  poll: {
    1: { ...V1, encoding: 'v1-poll', frame: stringLiteral },
    2: { ...V2, encoding: 'v2-poll', frame: stringLiteral },
  },
} as const;

/** The serializer for a `vsn` and a transport; missing means 1.0.0. Undefined for versions that are not spoken. */
export function serializerFor(
  vsn: string | null,
  transport: keyof typeof SERIALIZERS = 'socket',
): Serializer | undefined {
  const [, major] = /^([12])\.\d+\.\d+$/.exec(vsn ?? '1.0.0') ?? [];
  return major === undefined ? undefined : SERIALIZERS[transport][major as '1' | '2'];
}

/** A text as a JSON string literal. */
export function stringLiteral(text: string): Buffer {
  return Buffer.from(JSON.stringify(text));
}
