import type { Endpoint } from '@plugmesh/sdk';
import type { EndpointRecord } from '../store/endpoint-records.ts';

/** An endpoint as plugins are told of it in callouts and events. Nothing in it is secret. */
export function endpointView({ guid, name, type, subType, url, owner, info }: EndpointRecord): Endpoint {
  const metadata = Object.keys(info).length === 0 ? {} : { [type]: info };
  return { guid, name, type, subType, url, owner: owner === '' ? null : owner, metadata };
}
