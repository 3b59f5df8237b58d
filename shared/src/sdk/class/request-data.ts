import type { IncomingHttpHeaders } from 'node:http';
import type { Request } from 'express';
import { MeshError } from '../../errors/index.ts';

/** What no variable of a request can overwrite. */
interface RequestFacts {
  readonly method: string;
  readonly requestHeaders: IncomingHttpHeaders;
  /** What follows the plugin's own path, `/` for nothing. */
  readonly subPath: string;
  /** The address of the client, as the gateway tells it. */
  readonly clientAddress: string;
}

/** A request as a class's handler sees it: the variables of the query and of the body by their names, and the facts. */
export type RequestData = RequestFacts & Readonly<Record<string, unknown>>;

/** Merges the variables of a request; one of the body replaces one of the query. */
export function requestData(request: Request): RequestData {
  const facts: RequestFacts = {
    method: request.method,
    requestHeaders: request.headers,
    subPath: request.path,
    clientAddress: clientAddress(request),
  };
  // Without a prototype: `__proto__` and `constructor` are names like any other.
  const data = Object.create(null) as object;
  return Object.assign(data, request.query, variablesOf(request.body), facts);
}

function variablesOf(body: unknown): object {
  if (body === undefined) return {};
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw new MeshError(
    'MESH_BAD_REQUEST',
    'the body must be a JSON object or a form: its members are variables',
  );
}

function clientAddress(request: Request): string {
  const [first = ''] = (request.get('x-forwarded-for') ?? '').split(',', 1);
  return first.trim() || (request.socket.remoteAddress ?? '');
}
