import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { addForClient, keepVary } from '../http/client-headers.ts';
import { cleanResponseHeaders } from '../http/headers.ts';
import type { Route } from '../routes/route.ts';

/** Media types that a browser may run as a document of the mesh's origin, wherever they stand: of several, one counts. */
const DOCUMENT_TYPE = /text\/html|[/+]xml\b|text\/xsl|x-mixed-replace/i;
/** Media types that browsers take at their word; at everything else they guess. */
const CLEAR_TYPE = /^\s*(?!(?:application|unknown)\/unknown)[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(?:[;,]|$)/i;
const SANDBOX = 'sandbox allow-scripts';

/** Whether Node can forward a response head at all; it throws on others. */
export function isForwardable(proxyRes: IncomingMessage): boolean {
  const status = proxyRes.statusCode ?? 0;
  return status >= 200 && status <= 599;
}

/** Whether an answer is a stream that may be silent for as long as it likes. */
export function isEventStream(proxyRes: IncomingMessage): boolean {
  return /^\s*text\/event-stream/i.test(proxyRes.headers['content-type'] ?? '');
}

/** What is said to the client besides what the instance says. */
export interface Said {
  readonly requestId: string;
  readonly forClient: OutgoingHttpHeaders | undefined;
}

/** The head of an answer. */
export type ResponseHead = Pick<IncomingMessage, 'headers' | 'statusCode' | 'statusMessage'>;

/** Cleans a plugin's response head and adds what steps and the mesh say about it. */
export function prepareResponse(head: ResponseHead, route: Route, { requestId, forClient }: Said): void {
  const { headers } = head;
  // A reason phrase may hold bytes that Node refuses to send on, by an exception.
  head.statusMessage = '';
  cleanResponseHeaders(headers, { keepsCors: route.cors === undefined, keepsSession: route.isAccounts });
  // Before the sandbox, which no step can take away.
  addForClient(headers, forClient);
  headers['x-request-id'] = requestId;
  if (head.statusCode === 204) delete headers['content-length'];
  const type = headers['content-type'] ?? '';
  const isGuessed = !CLEAR_TYPE.test(type);
  if (route.html === 'sandbox' && (isGuessed || DOCUMENT_TYPE.test(type))) {
    const policy = headers['content-security-policy'];
    headers['content-security-policy'] = policy === undefined ? SANDBOX : `${String(policy)}, ${SANDBOX}`;
    if (isGuessed) headers['x-content-type-options'] = 'nosniff';
  }
}

/** Joins the head with what is already set on the client's answer, and says whether the connection stays. */
export function mergeInto(res: ServerResponse, proxyRes: IncomingMessage, closing: boolean): void {
  const { headers } = proxyRes;
  keepVary(res, headers);
  // The library would say keep-alive to a client that asked for the opposite.
  headers.connection = closing || !res.shouldKeepAlive ? 'close' : 'keep-alive';
}
