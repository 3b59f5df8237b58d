import type { IncomingMessage } from 'node:http';
import type { Route } from './http-routes.ts';
import { originOf, type OriginCheck } from './origins.ts';

/** How long a browser remembers a preflight. Chrome's limit. */
const MAX_AGE_SECONDS = '7200';

/** Lets pages read a route's answers whose sockets may connect. */
export function crossOrigin(isAllowed: OriginCheck, route: Route): Route {
  return (request, response) => {
    const { origin } = request.headers;
    response.setHeader('Vary', 'Origin');
    if (origin !== undefined && isAllowed(originOf(request))) {
      response.setHeader('Access-Control-Allow-Origin', origin);
    }
    return route(request, response);
  };
}

/** Answers preflights (Fetch § 3.3.1) for routes with these methods; the headers are for the route to judge. */
export function preflight(isAllowed: OriginCheck, methods: string): Route {
  return crossOrigin(isAllowed, (request, response) => {
    const headers = askedHeaders(request);
    if (response.hasHeader('Access-Control-Allow-Origin')) {
      response.setHeader('Access-Control-Allow-Methods', methods);
      response.setHeader('Access-Control-Max-Age', MAX_AGE_SECONDS);
      if (headers !== undefined) response.setHeader('Access-Control-Allow-Headers', headers);
    }
    return { status: 200, body: '', type: 'text/plain' };
  });
}

function askedHeaders({ headers }: IncomingMessage): string | undefined {
  return headers['access-control-request-headers'];
}
