import { isUtf8 } from 'node:buffer';

/** A message's reference: echoed with the JSON type it came in. */
export type Ref = string | number | null;

/** What a client sends, in either encoding. */
export interface Message {
  readonly joinRef: Ref;
  readonly ref: Ref;
  readonly topic: string;
  readonly event: string;
  /** JSON text exactly as the client wrote it, or the bytes of a binary frame. */
  readonly payload: string | Buffer;
}

/** The answer to one message. */
export interface Reply {
  readonly joinRef: Ref;
  readonly ref: Ref;
  readonly topic: string;
  readonly status: 'ok' | 'error';
  readonly response: unknown;
}

/** What the server sends to one membership. */
export interface Push {
  readonly joinRef: Ref;
  readonly topic: string;
  readonly event: string;
  readonly payload: unknown;
}

/** A message for every subscriber of a topic. */
export interface Broadcast {
  readonly topic: string;
  readonly event: string;
  /** Bytes as they were published. */
  readonly payload: Buffer;
}

/** First byte of a binary frame (Phoenix' V2 serializer). */
export const BINARY_KIND = { push: 0, reply: 1, broadcast: 2 } as const;

/** Parses `[join_ref, ref, topic, event, payload, …]`; undefined when it is not one. */
export function decodeTextFrame(text: string): Message | undefined {
  const elements = parseJson(text);
  if (!Array.isArray(elements) || elements.length < 5) return undefined;
  const [joinRef, ref, topic, event] = elements as unknown[];
  if (!isRef(joinRef) || !isRef(ref) || !isName(topic) || !isName(event)) return undefined;
  return { joinRef, ref, topic, event, payload: payloadText(text, elements.length) };
}

/** Parses a client's binary push, `00 jl rl tl el join_ref ref topic event data`; undefined when it is not one. */
export function decodeBinaryFrame(bytes: Buffer): Message | undefined {
  if (bytes.length < 5 || bytes[0] !== BINARY_KIND.push) return undefined;
  let offset = 5;
  const fields = [...bytes.subarray(1, 5)].map((length) => bytes.subarray(offset, (offset += length)));
  if (offset > bytes.length || !fields.every(isUtf8)) return undefined;
  const [joinRef = '', ref = '', topic = '', event = ''] = fields.map(String);
  if (topic === '' || event === '') return undefined;
  return { joinRef: joinRef || null, ref: ref || null, topic, event, payload: bytes.subarray(offset) };
}

/** `[join_ref, ref, topic, "phx_reply", {"status", "response"}]` */
export function encodeReply({ joinRef, ref, topic, status, response }: Reply): string {
  return JSON.stringify([joinRef, ref, topic, 'phx_reply', { status, response }]);
}

/** `[join_ref, null, topic, event, payload]` */
export function encodePush({ joinRef, topic, event, payload }: Push): string {
  return JSON.stringify([joinRef, null, topic, event, payload]);
}

/** `[join_ref, join_ref, topic, "phx_close" | "phx_error", payload]`: a membership ended. */
export function encodeEnd({ joinRef, topic, event, payload }: Push): string {
  return JSON.stringify([joinRef, joinRef, topic, event, payload]);
}

/** What stands before the payload's own bytes in a text broadcast; `]` ends it. */
export function broadcastHead(topic: string, event: string): string {
  return `[null,null,${JSON.stringify(topic)},${JSON.stringify(event)},`;
}

/** A text broadcast, payload bytes spliced in; only for payloads that pass `isJsonContainer`. */
export function encodeBroadcast({ topic, event, payload }: Broadcast): Buffer {
  return Buffer.concat([Buffer.from(broadcastHead(topic, event)), payload, Buffer.from(']')]);
}

/** `00 jl rl tl el …`, what a client sends; here for tests and clients of our own. */
export function encodeBinaryMessage(message: Message & { readonly payload: Buffer }): Buffer {
  const { joinRef, ref, topic, event, payload } = message;
  return binaryFrame(BINARY_KIND.push, [refText(joinRef), refText(ref), topic, event], payload);
}

/** `00 jl tl el join_ref topic event data` */
export function encodeBinaryPush(push: Push & { readonly payload: Buffer }): Buffer {
  const { joinRef, topic, event, payload } = push;
  return binaryFrame(BINARY_KIND.push, [refText(joinRef), topic, event], payload);
}

/** `01 jl rl tl sl join_ref ref topic status data` */
export function encodeBinaryReply(reply: Reply & { readonly response: Buffer }): Buffer {
  const { joinRef, ref, topic, status, response } = reply;
  return binaryFrame(BINARY_KIND.reply, [refText(joinRef), refText(ref), topic, status], response);
}

/** `02 tl el topic event data` */
export function encodeBinaryBroadcast({ topic, event, payload }: Broadcast): Buffer {
  return binaryFrame(BINARY_KIND.broadcast, [topic, event], payload);
}

/** Whether bytes are a JSON object or array in valid UTF-8, and so may be spliced into a text frame. */
export function isJsonContainer(bytes: Buffer): boolean {
  if (!isUtf8(bytes)) return false;
  const value = parseJson(bytes.toString());
  return typeof value === 'object' && value !== null;
}

function binaryFrame(kind: number, fields: readonly string[], data: Buffer): Buffer {
  const parts = fields.map((field) => Buffer.from(field));
  const lengths = parts.map((part) => part.length);
  const tooLong = parts.find((part) => part.length > 255);
  if (tooLong) throw new RangeError(`a field of a binary frame has at most 255 bytes, not ${tooLong.length}`);
  return Buffer.concat([Buffer.from([kind, ...lengths]), ...parts, data]);
}

function refText(ref: Ref): string {
  return ref === null ? '' : String(ref);
}

/** Whether a value may be a `ref`. */
export function isRef(value: unknown): value is Ref {
  return value === null || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}

/** Half a surrogate pair has no UTF-8 form: two such names would become one on the bus. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed();
}

/** A JSON text's value; undefined when it is not one. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The fifth element as it was written. `text` is a valid JSON array of `count` elements, five or more. */
function payloadText(text: string, count: number): string {
  let start = text.indexOf('[') + 1;
  for (let skipped = 0; skipped < 4; skipped++) start = valueEnd(text, start) + 1;
  const end = count === 5 ? text.lastIndexOf(']') : valueEnd(text, start);
  return text.slice(start, end).trim();
}

/** Where what starts at `from` ends: its separator, or the bracket that closes what it is in. `text` is valid JSON. */
export function valueEnd(text: string, from: number, separator = ','): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at);
    else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') {
      if (depth-- === 0) return at;
    } else if (character === separator && depth === 0) return at;
  }
  return text.length;
}

/** Index of the quote that closes the string opened at `from`. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
