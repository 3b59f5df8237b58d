import { type Level, LEVELS, type Outcome } from './check.ts';
import type { CheckResult } from './run-checks.ts';

/** What checks came to, all together. */
export interface Report {
  /** The plugin's name, or its URL. */
  readonly plugin: string;
  /** Undefined: not even level 0. */
  readonly level: Level | undefined;
  /** The next level, and what it takes; undefined at the highest. */
  readonly next: { readonly level: Level; readonly open: readonly OpenPoint[] } | undefined;
  readonly failed: number;
  readonly checks: readonly CheckResult[];
}

/** What stands between a plugin and a level. */
export interface OpenPoint {
  readonly id: string;
  readonly seen: string;
  readonly fix: string;
}

/** Reads the level from the results: up to it, something has been seen of each level, and nothing has failed or is missing. */
export function reportOf(plugin: string, checks: readonly CheckResult[]): Report {
  const next = LEVELS.find((level) => !isReached(checks.filter((each) => each.level === level)));
  const level = next === undefined ? LEVELS.at(-1) : LEVELS[next - 1];
  const ofNext = checks.filter((each) => each.level === next);
  const faults = ofNext.flatMap(openPoint);
  const open = faults.length > 0 ? faults : ofNext.flatMap(unseenPoint);
  return {
    plugin,
    level,
    next: next === undefined ? undefined : { level: next, open },
    failed: checks.filter(({ outcome }) => outcome.kind === 'failed').length,
    checks,
  };
}

/** Of a manifest that is all there is of its plugin, and is valid: whatever level is asked for, nothing is missing. */
export function reportWithoutCode(plugin: string): Report {
  return { plugin, level: LEVELS.at(-1), next: undefined, failed: 0, checks: [] };
}

function isReached(checks: readonly CheckResult[]): boolean {
  const kinds = new Set<Outcome['kind']>(checks.map(({ outcome }) => outcome.kind));
  return kinds.has('passed') && !kinds.has('failed') && !kinds.has('missing');
}

function openPoint({ id, outcome }: CheckResult): OpenPoint[] {
  if (outcome.kind !== 'failed' && outcome.kind !== 'missing') return [];
  return [{ id, seen: outcome.seen, fix: outcome.fix ?? '' }];
}

/** Of a level that nothing could be seen of. */
function unseenPoint({ id, outcome }: CheckResult): OpenPoint[] {
  return outcome.kind === 'skipped'
    ? [{ id, seen: outcome.why, fix: 'nothing could be seen of this level' }]
    : [];
}
