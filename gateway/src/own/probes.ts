import { MeshError } from '@plugmesh/shared/errors';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJwks, type PublicKeys } from '../identity/jwks.ts';
import type { Metrics } from './metrics.ts';

/** What the probes look at. */
export interface ProbeParts {
  readonly metrics: Metrics;
  readonly jwks: PublicKeys;
  readonly isDraining: () => boolean;
  /** Whether changes of the mesh reach this process. */
  readonly isConnected: () => boolean;
  /** Whether the operator or an administrator asks. */
  readonly isInCharge: (req: IncomingMessage) => Promise<boolean>;
  /** Answers what failed after the probe has returned. */
  readonly fail: (req: IncomingMessage, res: ServerResponse, error: unknown) => void;
}

type Probe = (req: IncomingMessage, res: ServerResponse) => void;

/** Probes, metrics and public keys: answered here, without a plugin. */
export function createProbes(parts: ProbeParts): ReadonlyMap<string, Probe> {
  return new Map<string, Probe>([
    ['/livez', (req, res) => answer(req, res, { status: 200, state: 'live' })],
    ['/readyz', (req, res) => answer(req, res, readiness(parts))],
    ['/.well-known/jwks.json', (req, res) => answerJwks(req, res, parts.jwks)],
    ['/metrics', (req, res) => answerMetrics(req, res, parts)],
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

/** Credentials, also from this machine: behind a local proxy every stranger comes from here. */
async function metricsFor(req: IncomingMessage, { isInCharge, metrics }: ProbeParts): Promise<string> {
  if (await isInCharge(req)) return metrics.text();
  throw new MeshError('MESH_UNAUTHORIZED', 'metrics are for the operator and for administrators', {
    fix: "Log in as an administrator, or send Authorization: Bearer with what './plugmesh token' prints.",
  });
}

function answerMetrics(req: IncomingMessage, res: ServerResponse, parts: ProbeParts): void {
  void metricsFor(req, parts).then(
    (text) => res.writeHead(200, { 'content-type': parts.metrics.contentType }).end(text),
    (error: unknown) => parts.fail(req, res, error),
  );
}
