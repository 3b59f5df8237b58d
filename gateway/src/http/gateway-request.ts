import { IncomingMessage } from 'node:http';
import type { Exchange } from '../proxy/exchange.ts';
import type { Passage } from '../proxy/passage.ts';
import type { Visit } from '../visit.ts';

/** Methods that change nothing (RFC 9110 § 9.2.1), of those that are served here. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a request only asks: whoever sends it, and however often, nothing changes. */
export function isSafe({ method = '' }: IncomingMessage): boolean {
  return SAFE.has(method);
}

/** Whether a request asks for a WebSocket; every other `Upgrade` leaves it an ordinary one. */
export function isHandshake({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && /^\s*websocket\s*$/i.test(headers.upgrade);
}

/** A client's request, with what the gateway is doing about it. */
export class GatewayRequest extends IncomingMessage {
  /** Made first, so that every answer can name it. */
  requestId = '';
  /** Set once it is known which plugin or service it is for. */
  visit: Visit | undefined = undefined;
  /** Set once the request is on its way to an instance. */
  exchange: Exchange | Passage | undefined = undefined;
}
