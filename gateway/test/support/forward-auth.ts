import type { MiddlewareRule } from '@plugmesh/shared/mesh-document';
import type { RecordedRequest } from './recording-upstream.ts';

/** What a test says about a rule; the rest is a manifest's default, in the phase `public`, asked at `/check`. */
export type RuleSketch = Pick<MiddlewareRule, 'plugin'> & Partial<MiddlewareRule>;

/** A middleware rule of the mesh document. */
export function sketchRule(rule: RuleSketch): MiddlewareRule {
  return {
    phase: 'public',
    path: '/check',
    order: 100,
    match: ['/'],
    timeoutMs: 500,
    onError: 'deny',
    setRequest: [],
    setResponse: [],
    ...rule,
  };
}

/** An answer as it goes over the wire. */
export function wireAnswer(status: string, headers: readonly string[] = [], body = ''): string {
  const lines = [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${body.length}`, '', body];
  return lines.join('\r\n');
}

/** The values of a header, whatever its case. */
export function valuesOf({ headers }: RecordedRequest, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}
