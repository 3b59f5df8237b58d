/** A route pattern taken apart: `/v1/*` → `['v1', '*']`. */
export type Pattern = readonly string[];

/** The segments of a path or pattern: `/v1/near` → `['v1', 'near']`, `/v1/` → `['v1', '']`. */
export function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

/** Segments as a careless framework reads them: decoded, in lower case, without a trailing slash. */
export function forgivingSegments(path: string): string[] {
  const segments = segmentsOf(path).map((segment) => decode(segment).toLowerCase());
  return segments.length > 1 && segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Whether a pattern matches a path: `*` is one segment that is not empty, `**` is one or more of any kind. */
export function matches(pattern: Pattern, path: readonly string[]): boolean {
  const hasRest = pattern.at(-1) === '**';
  const length = hasRest ? pattern.length - 1 : pattern.length;
  if (hasRest ? path.length <= length : path.length !== length) return false;
  return pattern
    .slice(0, length)
    .every((segment, at) => segment === path[at] || (segment === '*' && path[at] !== ''));
}

/** As `matches`, and `**` may also stand for nothing: `/admin/**` matches `/admin`. */
export function matchesForgivingly(pattern: Pattern, path: readonly string[]): boolean {
  return matches(pattern, path) || (pattern.at(-1) === '**' && matches(pattern.slice(0, -1), path));
}

/** Orders patterns, the most specific first: segment by segment a literal before `*` before `**`. */
export function bySpecificity(a: Pattern, b: Pattern): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = rank(a[at]) - rank(b[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

const WILDCARDS: Readonly<Record<string, number>> = { '*': 1, '**': 2 };

// The end of a pattern says more than any wildcard: `/v1` before `/v1/**`.
function rank(segment: string | undefined): number {
  return segment === undefined ? 0 : (WILDCARDS[segment] ?? 0);
}
