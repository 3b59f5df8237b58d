import { randomBytes } from 'node:crypto';

/** The Redis function that publishes to durable topics. */
export const PUBLISH_COMMAND = 'plugmesh_publish';

/** Redis key of the name under which the streams are kept. Only who may read this key can touch a stream himself. */
export const STREAMS_KEY = 'plugmesh:streams';

const NAME = /^[\w-]{22}$/;

/** What publishers call a durable topic. Nothing is kept at this key: the function knows where the stream is. */
export function historyKey(topic: string): string {
  return `plugmesh:history:{${topic}}`;
}

/**
 * Redis key of the stream with a durable topic's events. A function has the rights of whoever calls it, so plugins need
 * rights on streams to publish; a name that they cannot guess leaves them no other way than the function.
 */
export function streamKey(name: string, topic: string): string {
  return `${streamsPrefix(name)}{${topic}}`;
}

/** What the keys of all streams begin with, and nothing else does. */
export function streamsPrefix(name: string): string {
  return `${STREAMS_KEY}:${name}:`;
}

/** A new name for the streams, 128 random bits. */
export function mintStreamsName(): string {
  return randomBytes(16).toString('base64url');
}

/** Whether a text is such a name. */
export function isStreamsName(text: string): boolean {
  return NAME.test(text);
}
