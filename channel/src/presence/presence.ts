/** One appearance of a key in a topic; `phx_ref` tells appearances apart. */
export interface PresenceMeta {
  readonly phx_ref: string;
  readonly [field: string]: unknown;
}

/** Who is in a topic: key → appearances. Without a prototype, because a key may be `__proto__`. */
export type PresenceState = Record<string, { readonly metas: readonly PresenceMeta[] }>;

/** What changed in a topic. */
export interface PresenceDiff {
  readonly joins: PresenceState;
  readonly leaves: PresenceState;
}

/** Who is in the topics that ask for it. */
export interface Presence {
  /** Adds an appearance and answers its reference; the topic is told by a diff. */
  track(topic: string, key: string, fields: Readonly<Record<string, unknown>>): string;
  /** Ends an appearance. */
  untrack(topic: string, key: string, ref: string): void;
  state(topic: string): PresenceState;
  stop(): void;
}
