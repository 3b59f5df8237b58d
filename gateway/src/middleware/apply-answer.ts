import type { MiddlewareRule } from '@plugmesh/shared/mesh-document';
import { cleanResponseHeaders } from '../http/headers.ts';
import { sayToClient } from '../http/client-headers.ts';
import { prepareResponse } from '../proxy/response.ts';
import type { Route } from '../routes/route.ts';
import type { Visit } from '../visit.ts';
import type { Answer } from './callout.ts';

type Names = Pick<MiddlewareRule, 'setRequest' | 'setResponse'>;

/** Does what middleware has answered: 2xx goes on with its headers, everything else is the client's answer. */
export function applyAnswer(
  visit: Visit,
  rule: Names,
  { answer, own }: { answer: Answer; own: Route },
): void {
  const { statusCode: status, headers, body } = answer;
  if (status < 200 || status > 299) {
    prepareResponse(answer, own, { requestId: visit.req.requestId, forClient: undefined });
    const length = status === 304 ? {} : { 'content-length': String(body.length) };
    visit.answer = { status, headers: { ...headers, ...length }, body };
    return;
  }
  cleanResponseHeaders(headers);
  setRequestHeaders(visit, rule, headers);
  for (const name of new Set(['set-cookie', ...rule.setResponse.map((each) => each.toLowerCase())])) {
    const value = headers[name];
    if (value !== undefined) sayToClient(visit, name, value);
  }
}

/**
 * Puts the headers of `setRequest` on what the instance is sent. The client's own never get there: neither when the answer
 * does not have them, nor in another spelling that frameworks read as the same (`Remote_User`).
 */
export function setRequestHeaders(
  visit: Visit,
  { setRequest }: Names,
  headers: Answer['headers'] = {},
): void {
  if (setRequest.length === 0) return;
  const said = { ...visit.forInstance };
  const names = new Set(setRequest.map((name) => name.toLowerCase()));
  for (const name in visit.req.headers) {
    if (names.has(name.replace(/[^a-z0-9]/g, '-'))) said[name] = undefined;
  }
  for (const name of names) said[name] = headers[name];
  visit.forInstance = said;
}
