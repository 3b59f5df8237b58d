import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const WELL_FORMED_ID = /^[\w.:/+=@-]{1,128}$/;
/** Version 00 of W3C Trace Context, § 3.2; ids of zeros only are not valid. */
const WELL_FORMED_TRACE = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The client's `X-Request-Id` when it is well formed, else a new one. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const id = headers['x-request-id'];
  return typeof id === 'string' && WELL_FORMED_ID.test(id) ? id : randomUUID();
}

/** Keeps a well-formed `traceparent`, or starts a trace; `tracestate` only goes with the trace it came with. */
export function ensureTrace(headers: IncomingHttpHeaders): void {
  const { traceparent } = headers;
  if (typeof traceparent === 'string' && WELL_FORMED_TRACE.test(traceparent)) return;
  const bits = randomUUID().replaceAll('-', '');
  headers['traceparent'] = `00-${bits}-${bits.slice(16)}-01`;
  delete headers['tracestate'];
}
