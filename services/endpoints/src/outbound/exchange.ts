import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';

/** A request to an external system, whose path lies below a target's URL. */
export interface OutboundRequest {
  readonly method: string;
  /** From its slash on, with the query; empty: the URL itself. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Read as fast as the external system takes it. */
  readonly body?: Buffer | Readable | null;
  /** Ends the request and the answer. */
  readonly signal?: AbortSignal;
  /** How long an answer may be silent once it has begun, milliseconds; 0: as long as it likes. */
  readonly idleMs?: number;
}

/** An answer whose body is still on its way; whoever has it reads it or destroys it. */
export interface OutboundResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/** What became of a WebSocket handshake. */
export type Handshake =
  | { readonly kind: 'open'; readonly headers: IncomingHttpHeaders; readonly socket: Duplex }
  | {
      readonly kind: 'declined';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Buffer;
    };
