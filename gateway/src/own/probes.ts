import { MeshError } from '@plugmesh/shared/errors';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLoopback, type Origin } from '../http/forwarded.ts';
import type { Metrics } from './metrics.ts';

/** What the probes look at. */
export interface ProbeParts {
  readonly metrics: Metrics;
  readonly isDraining: () => boolean;
  /** Whether changes of the mesh reach this process. */
  readonly isConnected: () => boolean;
  readonly isOperator: (authorization: string) => boolean;
}

type Probe = (req: IncomingMessage, res: ServerResponse, origin: Origin) => void;

/** `/livez`, `/readyz` and `/metrics`: answered here, without a plugin. */
export function createProbes(parts: ProbeParts): ReadonlyMap<string, Probe> {
  return new Map<string, Probe>([
    ['/livez', (req, res) => answer(req, res, { status: 200, state: 'live' })],
    ['/readyz', (req, res) => answer(req, res, readiness(parts))],
    ['/metrics', (req, res, origin) => answerMetrics(req, res, origin, parts)],
  ]);
}

/** `degraded`: requests are served with the last document, but changes wait for Redis. */
function readiness({ isDraining, isConnected }: ProbeParts): { status: number; state: string } {
  if (isDraining()) return { status: 503, state: 'draining' };
  return { status: 200, state: isConnected() ? 'ready' : 'degraded' };
}

function answer(
  req: IncomingMessage,
  res: ServerResponse,
  { status, state }: { status: number; state: string },
): void {
  const body = `${JSON.stringify({ state })}\n`;
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  res.end(req.method === 'HEAD' ? undefined : body);
}

function answerMetrics(req: IncomingMessage, res: ServerResponse, origin: Origin, parts: ProbeParts): void {
  const { authorization } = req.headers;
  const operator = authorization !== undefined && parts.isOperator(authorization);
  if (!operator && !isLocalCaller(req, origin)) {
    throw new MeshError('MESH_UNAUTHORIZED', 'metrics are for this machine and for the operator token');
  }
  void parts.metrics.text().then(
    (text) => res.writeHead(200, { 'content-type': parts.metrics.contentType }).end(text),
    () => res.destroy(),
  );
}

/** This machine itself: not a page that a DNS name has been pointed here for, nor somebody behind a local proxy. */
function isLocalCaller(req: IncomingMessage, { address, for: chain }: Origin): boolean {
  const { headers } = req;
  const relayed =
    headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined || headers.via !== undefined;
  const local = /^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?$/i.test(headers.host ?? 'localhost');
  return local && isLoopback(address) && !(relayed && chain === address);
}
