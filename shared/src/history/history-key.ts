/** The Redis function that publishes to durable topics. */
export const PUBLISH_COMMAND = 'plugmesh_publish';

/** The Redis stream with a durable topic's events. */
export function historyKey(topic: string): string {
  return `plugmesh:history:{${topic}}`;
}
