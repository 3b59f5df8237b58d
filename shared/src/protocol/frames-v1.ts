import {
  isName,
  isRef,
  parseJson,
  valueEnd,
  type Broadcast,
  type Message,
  type Push,
  type Reply,
} from './frames.ts';

/** Parses `{"topic", "event", "payload", "ref", "join_ref"?}`, protocol version 1; undefined when it is not one. */
export function decodeObjectFrame(text: string): Message | undefined {
  const frame = parseJson(text);
  if (typeof frame !== 'object' || frame === null || !Object.hasOwn(frame, 'payload')) return undefined;
  const { topic, event, ref = null, join_ref: given = null } = frame as Record<string, unknown>;
  if (!isRef(given) || !isRef(ref) || !isName(topic) || !isName(event)) return undefined;
  // Clients up to 1.2 send no join_ref: they know a membership by the ref of its join.
  const joinRef = given ?? (event === 'phx_join' ? ref : null);
  return { joinRef, ref, topic, event, payload: payloadText(text) };
}

/** `{"topic", "event": "phx_reply", "payload": {"status", "response"}, "ref"}` */
export function encodeObjectReply({ ref, topic, status, response }: Reply): string {
  return JSON.stringify({ topic, event: 'phx_reply', payload: { status, response }, ref });
}

/** `{"topic", "event", "payload", "ref": null}` */
export function encodeObjectPush({ topic, event, payload }: Push): string {
  return JSON.stringify({ topic, event, payload, ref: null });
}

/** The same for the end of a membership; its `ref` is that of the join. */
export function encodeObjectEnd({ joinRef, topic, event, payload }: Push): string {
  return JSON.stringify({ topic, event, payload, ref: joinRef });
}

/** What stands before the payload's own bytes in a broadcast; `}` ends it. */
export function objectBroadcastHead({ topic, event }: Pick<Broadcast, 'topic' | 'event'>): string {
  return `{"topic":${JSON.stringify(topic)},"event":${JSON.stringify(event)},"ref":null,"payload":`;
}

/** The member `payload` as it was written, the last of that name. `text` is a valid JSON object that has one. */
function payloadText(text: string): string {
  let payload = '';
  let at = text.indexOf('{') + 1;
  while (at < text.length) {
    const colon = valueEnd(text, at, ':');
    const end = valueEnd(text, colon + 1);
    if (JSON.parse(text.slice(at, colon)) === 'payload') payload = text.slice(colon + 1, end).trim();
    at = text[end] === ',' ? end + 1 : text.length;
  }
  return payload;
}
