import { forgivingSegments } from '@plugmesh/shared/mesh-document';
import type { Route } from '../routes/route.ts';

type Segments = readonly string[];

/**
 * Where below a plugin's prefix a rule applies: everywhere, or at these paths and below them. Their segments are as a framework
 * reads them that forgives letter case and percent-encoding: no spelling gets around middleware.
 */
export type Scope = 'everywhere' | readonly Segments[];

/** Roots of channel that browsers come to; two names of one thing stand together. `/mesh/channel` is for operators. */
const SOCKET_ROOTS: Readonly<Record<string, readonly string[]>> = {
  '/socket': ['/socket', '/websocket'],
  '/websocket': ['/socket', '/websocket'],
  '/token': ['/token'],
};

/**
 * Every path that leads to the same place as the route: a rule that names one of them counts for all, so that no alias
 * gets around it. Empty for what is never asked about: who operates the mesh must get in, whatever middleware says.
 */
export function namesOf(route: Route, all: readonly Route[]): readonly string[] {
  if (route.kind === 'service') return route.id === 'channel' ? (SOCKET_ROOTS[route.prefix] ?? []) : [];
  const prefixes = all.filter(({ kind, id }) => kind === 'plugin' && id === route.id);
  return [`/api/${route.id}`, ...prefixes.map(({ prefix }) => prefix)];
}

/** Where below these names the prefixes of a rule apply; undefined: nowhere. */
export function scopeOf(match: readonly string[], names: readonly string[]): Scope | undefined {
  const below: Segments[] = [];
  for (const name of names.map(segmentsOf)) {
    for (const prefix of match.map(segmentsOf)) {
      if (isAtOrBelow(name, prefix)) return 'everywhere';
      if (isAtOrBelow(prefix, name)) below.push(prefix.slice(name.length));
    }
  }
  return below.length > 0 ? below : undefined;
}

/** Whether a path below the prefix is in the scope. */
export function isInScope(scope: Scope, rest: string): boolean {
  if (scope === 'everywhere') return true;
  const path = segmentsOf(rest);
  return scope.some((prefix) => isAtOrBelow(path, prefix));
}

function segmentsOf(path: string): Segments {
  const segments = forgivingSegments(path);
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}

function isAtOrBelow(path: Segments, prefix: Segments): boolean {
  return prefix.every((segment, at) => segment === path[at]);
}
