import { IncomingMessage } from 'node:http';
import type { Exchange } from '../proxy/exchange.ts';
import type { Passage } from '../proxy/passage.ts';

/** A client's request, with what the gateway is doing about it. */
export class GatewayRequest extends IncomingMessage {
  /** Made first, so that every answer can name it. */
  requestId = '';
  /** Set once the request is on its way to an instance. */
  exchange: Exchange | Passage | undefined = undefined;
}
