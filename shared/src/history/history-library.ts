import { Buffer } from 'node:buffer';
import type { TopicRule } from '../mesh-document/types.ts';
import { streamsPrefix } from './history-key.ts';
import { PUBLISH_FUNCTION } from './publish-function.ts';

/** Name of the Redis library that `mesh` loads. */
export const HISTORY_LIBRARY = 'plugmesh';

/** A stream that is gone at once could not even tell numbers apart. */
const SHORTEST_TTL_MS = 1000;

type Rule = Pick<TopicRule, 'pattern' | 'history'>;

/**
 * The text of the Redis library for these topic rules, which keeps the streams under this name. The same rules give the
 * same text, whatever their order. Rules without `history` are in it too, because they win over less specific ones.
 */
export function historyLibrary(rules: readonly Rule[], streams: string): string {
  const sorted = rules.toSorted((a, b) => (a.pattern < b.pattern ? -1 : 1));
  const exact = sorted.filter(({ pattern }) => !pattern.endsWith('*')).map(row);
  return [
    `#!lua name=${HISTORY_LIBRARY}`,
    `local streams = ${luaString(streamsPrefix(streams))}`,
    `local exact = {\n${exact.join('')}}`,
    `local prefixes = {\n${prefixRows(sorted).join('')}}`,
    PUBLISH_FUNCTION,
  ].join('\n');
}

/** Prefixes by their length in bytes, the longest first. */
function prefixRows(rules: readonly Rule[]): string[] {
  const wildcards = rules.filter(({ pattern }) => pattern.endsWith('*'));
  const byLength = Map.groupBy(wildcards, ({ pattern }) => Buffer.byteLength(pattern) - 1);
  return [...byLength]
    .toSorted(([a], [b]) => b - a)
    .map(([length, same]) => `{ length = ${length}, rules = {\n${same.map(row).join('')}} },\n`);
}

function row({ pattern, history }: Rule): string {
  const rule = history
    ? `{ size = ${history.size}, ttl = ${Math.max(history.ttlMs, SHORTEST_TTL_MS)} }`
    : 'false';
  return `[${luaString(pattern.replace(/\*$/, ''))}] = ${rule},\n`;
}

/** A Lua string in which nothing but letters and digits stands for itself: a pattern cannot become code. */
function luaString(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9]/.test(character) ? character : `\\${String(byte).padStart(3, '0')}`;
  });
  return `"${bytes.join('')}"`;
}
