import type { IncomingMessage, ServerResponse } from 'node:http';
import { MeshError, PROBLEM_TYPE, problemDocument } from '@plugmesh/shared/errors';
import type { Log } from '@plugmesh/shared/log';

/** What a route answers: JSON, or text as it is. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers one request, or throws a MeshError. */
export type Route = (request: IncomingMessage, response: ServerResponse) => Promise<Answer> | Answer;

/** `GET /healthz` → its route. */
export type Routes = ReadonlyMap<string, Route>;

/** Makes the listener for `request` of an HTTP server from a table of routes. */
export function httpRoutes(
  routes: Routes,
  log: Log,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void answer(routes, request, response)
      .catch((error: unknown) => problem(isAborted(request) ? aborted(error) : error, request, log))
      .then((result) => send(response, result));
  };
}

async function answer(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
  const path = request.url?.split('?')[0] ?? '';
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  const route = routes.get(`${method} ${path}`);
  if (route) return route(request, response);
  const methods = [...routes.keys()]
    .filter((key) => key.endsWith(` ${path}`))
    .map((key) => key.split(' ', 1).join());
  if (methods.length > 0) {
    const allow = methods.join(', ');
    throw new MeshError('MESH_METHOD_NOT_ALLOWED', `'${path}' takes ${allow}`, { details: { allow } });
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

function problem(error: unknown, request: IncomingMessage, log: Log): Answer {
  const known =
    error instanceof MeshError
      ? error
      : new MeshError('MESH_INTERNAL', 'something went wrong', { cause: error });
  const { code, status } = known;
  if (status >= 500) log.error({ err: error }, 'a request failed');
  else log.debug({ code, path: request.url?.split('?')[0] }, 'a request was refused');
  const requestId = request.headers['x-request-id']?.toString();
  return {
    status,
    body: problemDocument(known, { requestId }),
    type: PROBLEM_TYPE,
    headers: problemHeaders(known),
  };
}

/** What a status asks for besides (RFC 9110 § 11.6.1, § 15.5.6, § 15.6.4). */
function problemHeaders({ status, details }: MeshError): Readonly<Record<string, string>> {
  if (status === 401) return { 'WWW-Authenticate': 'Bearer' };
  if (status === 405) return { Allow: String(details['allow']) };
  return status === 503 ? { 'Retry-After': '1' } : {};
}

function send(response: ServerResponse, { status, body, type = 'application/json', headers }: Answer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(text);
}
