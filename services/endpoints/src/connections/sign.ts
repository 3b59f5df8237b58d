import type { RequestHead } from '@plugmesh/sdk';
import type { Callouts } from '../callouts/callouts.ts';
import { endpointView } from '../endpoints/endpoint-view.ts';
import type { Token } from '../outbound/token.ts';
import type { EndpointRecord } from '../store/endpoint-records.ts';
import type { EndpointType } from '../types/endpoint-type.ts';

/** A request that is to carry a credential. */
export interface ToSign {
  readonly type: EndpointType;
  readonly endpoint: EndpointRecord;
  readonly token: Token;
  readonly method: string;
  /** In full. */
  readonly url: string;
  readonly request: RequestHead;
}

/**
 * Headers that carry a credential: those that are kept, and where the type has the hook `sign` what it says of this very
 * request. Rejects with MESH_ENDPOINT_CALLOUT_FAILED or MESH_ENDPOINT_TYPE_UNAVAILABLE.
 */
export async function signedHeaders(
  callouts: Callouts,
  signing: ToSign,
): Promise<Readonly<Record<string, string>>> {
  const { type, endpoint, token, method, url, request } = signing;
  const kept = token.headers ?? {};
  if (!type.hooks.includes('sign')) return kept;
  const body = { endpoint: endpointView(endpoint), token, method, url };
  const { headers } = await callouts.ask({ type, hook: 'sign', body, request });
  return { ...kept, ...headers };
}
