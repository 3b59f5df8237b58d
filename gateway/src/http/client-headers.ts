import type { IncomingHttpHeaders, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Visit } from '../visit.ts';

/** Headers of which several may be said; a browser holds to all of them. Every other one replaces what was there. */
const JOINED: ReadonlySet<string> = new Set([
  'content-security-policy',
  'content-security-policy-report-only',
  'link',
  'server-timing',
  'vary',
  'www-authenticate',
]);

/** Says a header to the client, beside what the instance says. `name` is in lower case. */
export function sayToClient(visit: Visit, name: string, value: OutgoingHttpHeader): void {
  visit.forClient ??= {};
  visit.forClient[name] = joined(name, visit.forClient[name], value);
}

/** Puts what steps say to the client over an answer's headers. */
export function addForClient(
  headers: IncomingHttpHeaders | OutgoingHttpHeaders,
  said: OutgoingHttpHeaders | undefined,
): void {
  for (const name in said) {
    const value = said[name];
    if (value !== undefined) headers[name] = joined(name, headers[name], value);
  }
}

/** Keeps the `Vary: Origin` that CORS has put on an answer already, when the answer says something of its own. */
export function keepVary(res: ServerResponse, headers: IncomingHttpHeaders | OutgoingHttpHeaders): void {
  if (headers['vary'] !== undefined && res.hasHeader('vary')) headers['vary'] = `${headers['vary']}, Origin`;
}

function joined(name: string, before: OutgoingHttpHeader | undefined, value: OutgoingHttpHeader) {
  if (before === undefined) return value;
  if (name === 'set-cookie') return [before, value].flat().map(String);
  return JOINED.has(name) ? `${String(before)}, ${String(value)}` : value;
}
