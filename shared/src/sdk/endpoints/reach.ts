import { MeshError } from '../../errors/index.ts';
import type { Call } from '../plugin-calls.ts';
import type { RequestHead } from '../plugin-identity.ts';
import type { Reach } from './hooks.ts';

/** What a hook's requests to the endpoint are made of. */
export interface ReachParts {
  readonly call: Call;
  /** The callout. */
  readonly request: RequestHead;
  /** The path at `endpoints` that stands for the endpoint. */
  readonly path: string;
  /** Aborted when the callout has ended. */
  readonly signal: AbortSignal;
}

/** Makes requests below one endpoint, by way of `endpoints` and for the user who is acted for. */
export function createReach({ call, request, path, signal }: ReachParts): Reach {
  // `endpoints` is on the way here, and asked once more: meant, not a circle.
  const headers = { ...request.headers, via: undefined };
  return (below, init = {}) =>
    call('endpoints', pathBelow(path, below), {
      ...init,
      request: { headers },
      signal: init.signal ? AbortSignal.any([init.signal, signal]) : signal,
    });
}

/** A path put together of what somebody says must not leave the endpoint for other routes of `endpoints`. */
function pathBelow(path: string, below: string): string {
  const { pathname, search } = new URL(`${path}/${below.replace(/^\/+/, '')}`, 'http://endpoints');
  if (pathname.startsWith(`${path}/`)) return pathname + search;
  throw new MeshError('MESH_BAD_REQUEST', `'${below}' is no path of the endpoint`);
}
