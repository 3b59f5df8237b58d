import type { Guard, PluginHttp } from './types.ts';

/** What holds for one request to a plugin. */
export interface RouteMatch {
  /** The pattern that decided, or nothing when the plugin's own guard did. */
  readonly path?: string;
  readonly guard: Guard;
  readonly timeoutMs: number;
  readonly maxBody: number;
  /** Ids of plugins whose own calls may pass. */
  readonly plugins: readonly string[];
}

/** Finds what holds for a path under the plugin's prefix (`/v1/near`, no query) and a method in capitals. */
export type RouteMatcher = (path: string, method: string) => RouteMatch;

/** What of a plugin decides about its routes. */
export type RouteSource = Pick<PluginHttp, 'guard' | 'routes' | 'timeoutMs' | 'maxBody'>;

/** Compiles the route rules of a plugin once. */
export function compileRoutes(http: RouteSource): RouteMatcher {
  const rest: RouteMatch = {
    guard: http.guard,
    timeoutMs: http.timeoutMs,
    maxBody: http.maxBody,
    plugins: [],
  };
  return (path, method) => {
    const rule = http.routes.find((r) => r.path === path && (r.methods?.includes(method) ?? true));
    return rule ? { ...rest, ...rule, plugins: rule.plugins ?? [] } : rest;
  };
}
