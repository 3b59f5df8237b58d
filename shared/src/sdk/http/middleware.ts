import type { IncomingHttpHeaders } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { Identity } from '../../identity/index.ts';
import type { Identify } from '../plugin-identity.ts';

/** A request to another plugin, as middleware is asked about it (contracts § 1.5). It has no body. */
export interface Visit {
  readonly method: string;
  /** Path and query as the client sent them, without where the whole mesh is mounted. */
  readonly uri: string;
  readonly proto: string;
  readonly host: string;
  /** The path under which a proxy in front serves the whole mesh; empty: none. */
  readonly prefix: string;
  /** The client's address. */
  readonly address: string;
  /** The original request's, less the mesh's own cookie and keys. */
  readonly headers: IncomingHttpHeaders;
  /** Who asks: anonymous in the phase `public`. */
  readonly identity: Identity;
}

/**
 * Decides about a visit. One that only sets headers lets it go on, with those that the manifest names in `setRequest` and
 * `setResponse`, and cookies; one that answers refuses it, and the answer is the client's.
 */
export type MiddlewareHandler = (visit: Visit, response: Response) => Promise<void> | void;

/** Answers the gateway's questions with what a handler decides. */
export function answerVisits(handle: MiddlewareHandler, identify: Identify): RequestHandler {
  return async (request, response) => {
    await handle(visitOf(request, await identify(request)), response);
    if (!response.writableEnded && !response.headersSent) response.status(204).end();
  };
}

function visitOf(request: Request, identity: Identity): Visit {
  const header = (name: string): string => request.get(`x-forwarded-${name}`) ?? '';
  return {
    method: header('method'),
    uri: header('uri'),
    proto: header('proto'),
    host: header('host'),
    prefix: header('prefix'),
    address: header('for').split(',')[0]?.trim() ?? '',
    headers: request.headers,
    identity,
  };
}
