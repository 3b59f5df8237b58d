import type { TopicCount, TopicQuery } from './topic-counts.ts';

/** What one process asks all of them. */
export interface CensusQuestion {
  readonly id: string;
  /** Who asks. */
  readonly node: string;
  readonly query: TopicQuery;
}

/** What each of them answers. */
export interface CensusAnswer {
  readonly id: string;
  readonly counts: readonly TopicCount[];
}

/** Parses what came over Redis; undefined when it is not a question. */
export function parseQuestion(payload: Buffer): CensusQuestion | undefined {
  const { id, node, query } = parseFields(payload);
  if (typeof id !== 'string' || typeof node !== 'string' || !isQuery(query)) return undefined;
  return { id, node, query };
}

/** Parses what came over Redis; undefined when it is not an answer. */
export function parseAnswer(payload: Buffer): CensusAnswer | undefined {
  const { id, counts } = parseFields(payload);
  if (typeof id !== 'string' || !Array.isArray(counts) || !counts.every(isCount)) return undefined;
  return { id, counts };
}

function parseFields(payload: Buffer): Record<string, unknown> {
  try {
    return { ...(JSON.parse(payload.toString()) as object | null) };
  } catch {
    return {};
  }
}

function isQuery(value: unknown): value is TopicQuery {
  if (typeof value !== 'object' || value === null) return false;
  const { topic = '', prefix = '', after = '', limit } = value as Record<keyof TopicQuery, unknown>;
  if (![topic, prefix, after].every((text) => typeof text === 'string')) return false;
  return Number.isSafeInteger(limit) && Number(limit) > 0;
}

function isCount(value: unknown): value is TopicCount {
  return (
    Array.isArray(value) &&
    typeof value[0] === 'string' &&
    Number.isSafeInteger(value[1]) &&
    Number(value[1]) > 0
  );
}
