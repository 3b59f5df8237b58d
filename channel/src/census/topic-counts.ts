/** Which topics are asked about: one, or a page of those that begin with a text. */
export interface TopicQuery {
  readonly topic?: string;
  readonly prefix?: string;
  /** Only topics behind this one, in the order of their UTF-16 units. */
  readonly after?: string;
  readonly limit: number;
}

/** A topic and how many are subscribed to it. */
export type TopicCount = readonly [topic: string, subscribers: number];

/** The topics of one process, as far as they are asked about. */
export interface CountedTopics {
  names(): Iterable<string>;
  countOf(topic: string): number;
}

/**
 * The counts of one process. A page from each process is enough for the page of all together: what is among the first of
 * all is among the first of every process that has it.
 */
export function countTopics(topics: CountedTopics, query: TopicQuery): TopicCount[] {
  const { topic, prefix = '', after = '', limit } = query;
  const names = topic === undefined ? topics.names() : [topic];
  const page: string[] = [];
  let last: string | undefined;
  for (const name of names) {
    const isWanted = name.startsWith(prefix) && name > after && (last === undefined || name < last);
    if (topic === undefined && !isWanted) continue;
    // Sorted now and then, not for each name: a process may have a hundred thousand of them.
    if (page.push(name) >= 2 * limit) last = cut(page, limit) ?? last;
  }
  cut(page, limit);
  return page.map((name) => [name, topics.countOf(name)] as const).filter(([, count]) => count > 0);
}

/** Adds up the counts of several processes: a page in order. */
export function sumCounts(counts: readonly (readonly TopicCount[])[], limit: number): TopicCount[] {
  const sums = new Map<string, number>();
  for (const [topic, count] of counts.flat()) sums.set(topic, (sums.get(topic) ?? 0) + count);
  const names = [...sums.keys()];
  cut(names, limit);
  return names.map((name) => [name, sums.get(name) ?? 0]);
}

/** Leaves the first so many in order; answers the last of them. */
function cut(names: string[], limit: number): string | undefined {
  names.sort();
  names.length = Math.min(names.length, limit);
  return names[limit - 1];
}
