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

/** The protocol versions that are spoken, by the first number of `vsn`. */
export type Encoding = 'v1' | 'v2';

/** How one client's frames are written: what Phoenix calls its serializer. */
export interface Serializer {
  readonly encoding: Encoding;
  /** A client's frame, or undefined when it is malformed. */
  decode(data: Buffer, isBinary: boolean): Message | undefined;
  encodeReply(reply: Reply): string;
  encodePush(push: Push): string;
  encodeEnd(end: Push): string;
}

const V1: Serializer = {
  encoding: 'v1',
  decode: (data, isBinary) => (isBinary ? undefined : decodeObjectFrame(data.toString())),
  encodeReply: encodeObjectReply,
  encodePush: encodeObjectPush,
  encodeEnd: encodeObjectEnd,
};

const V2: Serializer = {
  encoding: 'v2',
  decode: (data, isBinary) => (isBinary ? decodeBinaryFrame(data) : decodeTextFrame(data.toString())),
  encodeReply,
  encodePush,
  encodeEnd,
};

/** The serializer for a `vsn`; missing means 1.0.0. Undefined for versions that are not spoken. */
export function serializerFor(vsn: string | null): Serializer | undefined {
  const [, major] = /^([12])\.\d+\.\d+$/.exec(vsn ?? '1.0.0') ?? [];
  if (major === undefined) return undefined;
  return major === '1' ? V1 : V2;
}
