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

/** What the subscribers of a topic are told. */
export type PresenceNews =
  | { readonly event: 'presence_state'; readonly payload: PresenceState }
  | { readonly event: 'presence_diff'; readonly payload: PresenceDiff }
  | { readonly event: 'presence_count'; readonly payload: { readonly count: number } };

/** Who is in the topics that ask for it. */
export interface Presence {
  /** Adds an appearance and answers its reference; one that is suspended goes on as if nothing had been. */
  track(topic: string, key: string, fields: Readonly<Record<string, unknown>>): string;
  /** Ends an appearance. */
  untrack(topic: string, key: string, ref: string): void;
  /** Lets an appearance stay that an outage of ours interrupts: until it is tracked again or released, or too long. */
  suspend(topic: string, key: string, ref: string): void;
  /** Ends what is suspended of a key: in one topic, or in all. */
  release(key: string, topic?: string): void;
  /** What somebody who joins is told; a `presence_state` comes first. */
  welcome(topic: string): readonly PresenceNews[];
  /** Everybody in a topic, however many. */
  list(topic: string): PresenceState;
  start(): Promise<void>;
  stop(): Promise<void>;
}
