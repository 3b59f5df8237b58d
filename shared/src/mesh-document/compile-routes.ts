import {
  bySpecificity,
  forgivingSegments,
  matches,
  matchesForgivingly,
  segmentsOf,
  type Pattern,
} from './route-pattern.ts';
import type { PluginHttp, RouteGuard, RouteRule } from './types.ts';

/** What holds for one request to a plugin. */
export interface RouteMatch {
  /** The pattern that decided, or nothing when the plugin's own guard did. */
  readonly path?: string;
  readonly guard: RouteGuard;
  readonly timeoutMs: number;
  readonly maxBody: number;
  /** Bytes of an answer; any number without it. */
  readonly maxResponse?: number;
  /** Ids of plugins whose own calls may pass; `*`: every plugin's. */
  readonly plugins: readonly string[];
}

/** Finds what holds for a path under the plugin's prefix (`/v1/near`, no query) and a method in capitals. */
export type RouteMatcher = (path: string, method: string) => RouteMatch;

/** What of a plugin decides about its routes. */
export type RouteSource = Pick<PluginHttp, 'guard' | 'routes' | 'timeoutMs' | 'maxBody' | 'maxResponse'>;

const STRICTNESS: Readonly<Record<RouteGuard, number>> = { public: 0, key: 1, session: 2, admin: 3, none: 4 };

/** Whether the first guard lets fewer pass than the second. */
export function isStricter(a: RouteGuard, b: RouteGuard): boolean {
  return STRICTNESS[a] > STRICTNESS[b];
}

/** Whether a plugin's own call may pass where this holds. */
export function letsPlugin({ plugins }: Pick<RouteMatch, 'plugins'>, id: string): boolean {
  return plugins.includes(id) || plugins.includes('*');
}

/**
 * Compiles the route rules of a plugin once (contracts § 1.2). A request is looked up twice: as it is, and as a
 * framework that forgives letter case and trailing slashes may read it. The stricter answer counts, so that no
 * spelling of a path gets around a guard, and a rule that opens a path opens exactly that path.
 */
export function compileRoutes(http: RouteSource): RouteMatcher {
  const { guard, timeoutMs, maxBody, maxResponse } = http;
  const rest = {
    guard,
    timeoutMs,
    maxBody,
    ...(maxResponse === undefined ? {} : { maxResponse }),
    plugins: [],
  };
  if (http.routes.length === 0) return () => rest;
  const exact = compile(http.routes, rest, segmentsOf);
  const forgiving = compile(http.routes, rest, forgivingSegments);
  return (path, method) => {
    const asWritten = find(exact, { segments: segmentsOf(path), method, covers: matches }) ?? rest;
    const segments = forgivingSegments(path);
    // Twice: `/a/**` closes `/a` and `/a/` too, but opens neither.
    const below = find(forgiving, { segments, method, covers: matchesForgivingly }) ?? rest;
    const asRead = find(forgiving, { segments, method, covers: matches }) ?? rest;
    return strictest(asWritten, asRead, below);
  };
}

/** The rules in the order in which they are looked at; what none of them names is the plugin's own guard's. */
export function rulesInOrder(http: RouteSource): readonly RouteRule[] {
  const rest = { guard: http.guard, timeoutMs: http.timeoutMs, maxBody: http.maxBody, plugins: [] };
  return compile(http.routes, rest, segmentsOf).map(({ rule }) => rule);
}

function strictest(first: RouteMatch, ...others: readonly RouteMatch[]): RouteMatch {
  return others.reduce((strict, other) => {
    if (isStricter(other.guard, strict.guard)) return other;
    // Where plugins alone come, their list is the guard.
    return other.guard === 'none' ? { ...strict, plugins: inBoth(strict.plugins, other.plugins) } : strict;
  }, first);
}

function inBoth(some: readonly string[], others: readonly string[]): readonly string[] {
  if (some.includes('*')) return others;
  return others.includes('*') ? some : some.filter((id) => others.includes(id));
}

interface CompiledRule {
  readonly pattern: Pattern;
  readonly methods: ReadonlySet<string> | undefined;
  readonly match: RouteMatch;
  readonly rule: RouteRule;
}

interface Request {
  readonly segments: readonly string[];
  readonly method: string;
  readonly covers: (pattern: Pattern, segments: readonly string[]) => boolean;
}

function compile(
  rules: readonly RouteRule[],
  rest: RouteMatch,
  segments: (path: string) => string[],
): readonly CompiledRule[] {
  return rules
    .map((rule) => ({
      pattern: segments(rule.path),
      methods: methodsOf(rule),
      match: matchOf(rule, rest),
      rule,
    }))
    .sort(
      (a, b) =>
        bySpecificity(a.pattern, b.pattern) ||
        // The same paths: a rule for some methods before one for all, then the stricter one.
        Number(a.methods === undefined) - Number(b.methods === undefined) ||
        STRICTNESS[b.match.guard] - STRICTNESS[a.match.guard],
    );
}

function methodsOf({ methods }: RouteRule): ReadonlySet<string> | undefined {
  if (!methods) return undefined;
  // Frameworks answer HEAD with their handler for GET.
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
}

function matchOf(rule: RouteRule, rest: RouteMatch): RouteMatch {
  const { path, guard, timeoutMs, maxBody, maxResponse, plugins } = { ...rest, ...rule };
  return { path, guard, timeoutMs, maxBody, ...(maxResponse === undefined ? {} : { maxResponse }), plugins };
}

function find(rules: readonly CompiledRule[], { segments, method, covers }: Request): RouteMatch | undefined {
  return rules.find((rule) => (rule.methods?.has(method) ?? true) && covers(rule.pattern, segments))?.match;
}
