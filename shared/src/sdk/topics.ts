/**
 * What a plugin says on its topics, as types: topic → event → payload, `{ ships: { moved: Position } }`. A topic may be a
 * pattern: `{ [ship: `ship-${string}`]: { moved: Position } }`. Who may join and push is in `plugin.json`.
 */
export type TopicTypes = object;

/** Topics whose events nobody has typed. */
export interface AnyTopics {
  readonly [topic: string]: { readonly [event: string]: unknown };
}

/** An event of a topic. */
export type EventOf<Topics, Topic extends keyof Topics> = keyof Topics[Topic] & string;
