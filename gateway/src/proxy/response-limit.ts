import type { MeshError } from '@plugmesh/shared/errors';
import type { IncomingMessage } from 'node:http';
import type { Exchange } from './exchange.ts';
import { responseTooLarge } from './failure.ts';

/** What becomes of an answer beyond the route's limit: nothing of it is sent, or the rest is not. */
export interface TooLarge {
  readonly refuse: (exchange: Exchange, error: MeshError) => void;
  readonly cut: (exchange: Exchange, error: MeshError) => void;
}

/** Refuses an answer that says it is longer than the route allows, and cuts one that does not say; whether it was refused. */
export function limitResponse(
  exchange: Exchange,
  proxyRes: IncomingMessage,
  { refuse, cut }: TooLarge,
): boolean {
  const { req, route, permission } = exchange;
  const { maxResponse } = permission;
  if (maxResponse === undefined || req.method === 'HEAD') return false;
  if (Number(proxyRes.headers['content-length'] ?? 0) > maxResponse) {
    proxyRes.destroy();
    refuse(exchange, responseTooLarge(route, maxResponse));
    return true;
  }
  let left = maxResponse;
  proxyRes.on('data', (chunk: Buffer) => {
    const fitted = left >= 0;
    left -= chunk.length;
    if (!fitted || left >= 0) return;
    cut(exchange, responseTooLarge(route, maxResponse));
    // Not the answer: the pipe writes this very chunk to it next.
    req.socket.destroy();
  });
  return false;
}
