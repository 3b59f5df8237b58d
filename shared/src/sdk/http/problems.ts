import type { ErrorRequestHandler, Request, Response } from 'express';
import { MeshError, PROBLEM_TYPE, problemDocument, type ErrorCode } from '../../errors/index.ts';
import type { Log } from '../../log/index.ts';
import type { PluginHealth } from './health.ts';

/** Answers with a problem document (RFC 9457). */
export function sendProblem(request: Request, response: Response, error: MeshError, plugin: string): void {
  const requestId = request.get('x-request-id');
  response.status(error.status).type(PROBLEM_TYPE);
  const { retryAfter = error.status === 503 ? 1 : undefined } = error.details;
  if (typeof retryAfter === 'number') response.set('Retry-After', String(retryAfter));
  response.send(JSON.stringify(problemDocument(error, { plugin, requestId })));
}

/** Express' last handler: what a route throws becomes an answer, and what the author has to mend goes to the log. */
export function answerErrors(plugin: string, log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const known = asMeshError(error);
    if (known.status >= 500) log.error({ err: error, path: request.path }, 'a route failed');
    // The client has its answer, or is about to.
    if (response.writableEnded) return;
    // Too late for an answer of ours: express cuts the connection, so that nobody takes half an answer for a whole one.
    if (response.headersSent) next(error);
    else sendProblem(request, response, known, plugin);
  };
}

/** What requests are told of a plugin that does not serve. */
export function unavailable(plugin: string, { state, reason }: PluginHealth): MeshError {
  // The reason may name files and addresses: it is for the health route, which the gateway does not pass on then.
  const cause = reason === undefined ? undefined : new Error(reason);
  return new MeshError('MESH_PLUGIN_UNAVAILABLE', `'${plugin}' is ${state}`, { cause });
}

/** Statuses that express and its body parsers raise by themselves; their messages are for the client. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'MESH_BAD_REQUEST',
  404: 'MESH_NOT_FOUND',
  413: 'MESH_BODY_TOO_LARGE',
  415: 'MESH_BAD_REQUEST',
};

/** What a route has thrown, as an error of the table. */
export function asMeshError(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  const { status, message } = (error ?? {}) as { status?: unknown; message?: unknown };
  const code = typeof status === 'number' ? CODES[status] : undefined;
  if (code) return new MeshError(code, String(message), { cause: error });
  return new MeshError('MESH_INTERNAL', 'the plugin could not answer this request', { cause: error });
}
