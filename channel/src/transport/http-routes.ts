import type { IncomingMessage, ServerResponse } from 'node:http';
import { MeshError, PROBLEM_TYPE, problemDocument } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';

/** What a route answers: JSON, or text as it is. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly type?: string;
}

/** Answers one request, or throws a MeshError. */
export type Route = (request: IncomingMessage) => Promise<Answer> | Answer;

/** `GET /healthz` → its route. */
export type Routes = ReadonlyMap<string, Route>;

/** Makes the listener for `request` of an HTTP server from a table of routes. */
export function httpRoutes(
  routes: Routes,
  log: Log,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void answer(routes, request)
      .catch((error: unknown) => problem(isAborted(request) ? aborted(error) : error, log))
      .then((result) => send(response, result));
  };
}

async function answer(routes: Routes, request: IncomingMessage): Promise<Answer> {
  const path = request.url?.split('?')[0] ?? '';
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  const route = routes.get(`${method} ${path}`);
  if (route) return route(request);
  if ([...routes.keys()].some((key) => key.endsWith(` ${path}`))) {
    throw new MeshError('MESH_METHOD_NOT_ALLOWED', `'${path}' does not take ${method}`);
  }
  throw new MeshError('MESH_NOT_FOUND', `nothing is at '${path}'`);
}

/** Whether the client went away before it had sent everything: nothing has failed here. */
function isAborted(request: IncomingMessage): boolean {
  return request.destroyed && !request.complete;
}

function aborted(cause: unknown): MeshError {
  if (cause instanceof MeshError) return cause;
  return new MeshError('MESH_BAD_REQUEST', 'the request ended before its body', { cause });
}

function problem(error: unknown, log: Log): Answer {
  const known =
    error instanceof MeshError
      ? error
      : new MeshError('MESH_INTERNAL', 'something went wrong', { cause: error });
  if (known.status >= 500) log.error({ err: error }, 'a request failed');
  return { status: known.status, body: problemDocument(known), type: PROBLEM_TYPE };
}

function send(response: ServerResponse, { status, body, type = 'application/json' }: Answer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}
