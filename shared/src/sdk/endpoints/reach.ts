import { z } from 'zod';
import { ERROR_CODES, MeshError, PROBLEM_TYPE, type ErrorCode } from '../../errors/index.ts';
import type { Call } from '../plugin-calls.ts';
import type { RequestHead } from '../plugin-identity.ts';
import type { Reach } from './hooks.ts';

/** What requests to an endpoint are made of. */
export interface ReachParts {
  readonly call: Call;
  /** The callout, or whatever request it is done for. */
  readonly request: RequestHead;
  /** The path at `endpoints` that stands for the endpoint. */
  readonly path: string;
  /** Aborted when the callout has ended. */
  readonly signal?: AbortSignal;
}

/** The path at `endpoints` below which a user calls an endpoint that they are connected to. */
export function proxyPath(guid: string): string {
  return `/v1/proxy/${encodeURIComponent(guid)}`;
}

/** Makes requests below one endpoint, by way of `endpoints` and for the user who is acted for. */
export function createReach({ call, request, path, signal }: ReachParts): Reach {
  // `endpoints` is on the way here, and asked once more: meant, not a circle.
  const headers = { ...request.headers, via: undefined };
  return async (below, init = {}) =>
    unlessUnreached(
      await call('endpoints', pathBelow(path, below), {
        ...init,
        request: { headers },
        signal: AbortSignal.any([init.signal, signal].filter((each) => each instanceof AbortSignal)),
      }),
    );
}

/** A path put together of what somebody says must not leave the endpoint for other routes of `endpoints`. */
function pathBelow(path: string, below: string): string {
  const { pathname, search } = new URL(`${path}/${below.replace(/^\/+/, '')}`, 'http://endpoints');
  if (pathname.startsWith(`${path}/`)) return pathname + search;
  throw new MeshError('MESH_BAD_REQUEST', `'${below}' is no path of the endpoint`);
}

const problem = z.object({
  code: z.string().refine((code): code is ErrorCode => /^MESH_ENDPOINT_/.test(code) && code in ERROR_CODES),
  detail: z.string(),
});

/** What `endpoints` itself answers, because it got nowhere, is thrown, and so becomes what the user is told. */
async function unlessUnreached(answer: Response): Promise<Response> {
  if (answer.ok || !answer.headers.get('content-type')?.startsWith(PROBLEM_TYPE)) return answer;
  const body = await answer.arrayBuffer();
  const said = problem.safeParse(jsonOf(body)).data;
  if (said) throw new MeshError(said.code, said.detail);
  return new Response(body, answer);
}

function jsonOf(body: ArrayBuffer): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString()) as unknown;
  } catch {
    return undefined;
  }
}
