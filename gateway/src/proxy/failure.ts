import { MeshError } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';
import { isSafe } from '../http/gateway-request.ts';
import type { Route } from '../routes/route.ts';
import type { UpstreamInstance } from '../upstream/instance.ts';
import type { Exchange } from './exchange.ts';

/** Errors of a connection that was never made: nothing has reached the instance. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Whether the instance cannot be connected to. */
export function isNotConnected(error: Error): boolean {
  return NOT_CONNECTED.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Whether a failed request may be sent once more without anybody noticing. */
export function isRepeatable({ req, bodyKind, tries }: Exchange, error: Error): boolean {
  if (bodyKind !== 'none' || tries > 1) return false;
  return isNotConnected(error) || isSafe(req);
}

/** The error that tells the client what happened; the cause goes along for development and the log. */
export function upstreamError(route: Route, cause: Error): MeshError {
  if (isNotConnected(cause)) return unavailable(route, 'no connection could be made to it', cause);
  const message = `'${route.id}' closed the connection or answered something that is not HTTP`;
  return new MeshError('MESH_UPSTREAM_FAILED', message, { cause, exposed: exposedBy(route) });
}

/** The error for a plugin that cannot be asked now. */
export function unavailable(route: Route, why: string, cause?: Error): MeshError {
  return new MeshError('MESH_PLUGIN_UNAVAILABLE', `'${route.id}' cannot answer now: ${why}`, {
    details: { retryAfter: 5 },
    exposed: exposedBy(route),
    ...(cause ? { cause } : {}),
  });
}

/** What the mesh knows of a plugin that does not answer, with what to do: the same that the terminal and the page say. */
function exposedBy({ trouble }: Route): Readonly<Record<string, unknown>> {
  const { reason, failure } = trouble;
  if (reason === undefined) return {};
  return {
    reason,
    ...(failure === undefined ? {} : { failure }),
    ...(failure?.fix === undefined ? {} : { fix: failure.fix }),
  };
}

/** The error for a deadline that passed before the response head. */
export function timedOut(route: Route, timeoutMs: number): MeshError {
  return new MeshError('MESH_UPSTREAM_TIMEOUT', `'${route.id}' did not answer within ${timeoutMs} ms`);
}

/** The error for a body beyond the route's limit. */
export function bodyTooLarge(maxBody: number): MeshError {
  return new MeshError('MESH_BODY_TOO_LARGE', `the body is larger than ${maxBody} bytes`);
}

/** The error for an answer beyond the route's limit. */
export function responseTooLarge({ id }: Route, maxResponse: number): MeshError {
  return new MeshError('MESH_RESPONSE_TOO_LARGE', `'${id}' answers more than ${maxResponse} bytes`);
}

/** Tells the pool how an instance has done. */
export function judgeInstance(
  { id, pool }: Route,
  instance: UpstreamInstance,
  { isGood, log }: { readonly isGood: boolean; readonly log: Log },
): void {
  if (isGood) {
    pool.succeeded(instance);
    return;
  }
  const durationMs = pool.failed(instance);
  if (durationMs === 0) return;
  log.warn(
    { plugin: id, instance: instance.url, durationMs },
    'requests to an instance fail; left out for a while',
  );
}
