import { forgivingSegments } from '../mesh-document/route-pattern.ts';
import type { RouteRule } from '../mesh-document/types.ts';
import type { EndpointType } from './endpoint-type.ts';

/** Id of the plugin that keeps endpoints: it alone asks callouts. */
const ASKER = 'endpoints';

/** The rules that close the callouts of these types to everybody but the plugin that asks them. */
export function calloutRules(types: readonly Pick<EndpointType, 'callouts'>[] = []): RouteRule[] {
  const paths = new Set(types.flatMap(({ callouts }) => callouts ?? []));
  return [...paths].map((path) => ({ path: `${path}/**`, guard: 'none', plugins: [ASKER] }));
}

/** The path of callouts that a rule's pattern lies at or below, in whatever spelling. */
export function calloutsAbove(
  pattern: string,
  types: readonly Pick<EndpointType, 'callouts'>[] = [],
): string | undefined {
  const segments = forgivingSegments(pattern);
  return types
    .flatMap(({ callouts }) => callouts ?? [])
    .find((path) => forgivingSegments(path).every((segment, at) => segment === segments[at]));
}
