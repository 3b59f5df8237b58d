/** Prefix of Redis channels towards browsers: `to:<topic>:<event>`. */
export const TO = 'to:';
/** Prefix of Redis channels from browsers: `from:<topic>:<event>`. */
export const FROM = 'from:';
/** Redis key of the mesh document. */
export const MESH_KEY = 'plugmesh:mesh';
/** Redis channel that announces a new version of the mesh document. */
export const MESH_NOTICE = 'plugmesh:mesh';
/** Redis channel that closes sockets: `{"socket"}`, `{"user"}`, `{"session"}` or `{"id"}`. */
export const DISCONNECT = 'plugmesh:disconnect';
/** Redis key of the lease of the one mesh process that writes the document. */
export const LEASE_KEY = 'plugmesh:mesh:lease';
/** Redis channel on which channel processes tell each other who came and went. */
export const PRESENCE_NOTICE = 'plugmesh:presence';
/** Redis key of the set of channel processes that have members. */
export const PRESENCE_NODES = 'plugmesh:presence:nodes';
/** Prefix of the Redis keys that hold the members of one channel process each. */
export const PRESENCE_NODE = 'plugmesh:presence:node:';
/** Redis channel on which a channel process asks all others about their subscribers; they answer on `<this>:<node>`. */
export const CENSUS = 'plugmesh:census';
/** Redis channel that asks every channel process for the topics it has, as an event of the topic `admin`. */
export const ADMIN_LIST = 'plugmesh:admin:list';
/** Redis channel that says nothing: who is subscribed to it is a channel process with members of the topic `admin`. */
export const ADMIN_WATCH = 'plugmesh:admin:watch';
/** Prefix of the Redis channels, one for each channel process, by which requests of long-poll reach the right one. */
export const POLL_RELAY = 'plugmesh:poll:';

/** Where and what: the two parts of a bus channel's name. */
export interface Address {
  readonly topic: string;
  readonly event: string;
}

/** The Redis channel that reaches the browsers joined to a topic. */
export function toChannel(topic: string, event: string): string {
  return `${TO}${topic}:${event}`;
}

/** The Redis channel that carries the browsers' pushes to a topic. */
export function fromChannel(topic: string, event: string): string {
  return `${FROM}${topic}:${event}`;
}

/**
 * Splits a bus channel's name at its last colon (contracts § 2.1: topics may contain colons, events not).
 * Names without a prefix of the bus, without a topic or without an event are `undefined`.
 */
export function splitChannel(name: string): Address | undefined {
  const start = name.startsWith(TO) ? TO.length : name.startsWith(FROM) ? FROM.length : 0;
  const colon = name.lastIndexOf(':');
  if (start === 0 || colon <= start || colon === name.length - 1) return undefined;
  return { topic: name.slice(start, colon), event: name.slice(colon + 1) };
}
