import type { EndpointRecord } from '../store/endpoint-records.ts';

/** An endpoint as plugins are told of it in callouts and events. Nothing in it is secret. */
export interface EndpointView {
  readonly guid: string;
  readonly name: string;
  readonly type: string;
  readonly subType: string | null;
  readonly url: string;
  /** A user's id; null: everybody's. */
  readonly owner: string | null;
  /** By type: what its own type says about it, and in answers what other types add. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** An endpoint as plugins are told of it. */
export function endpointView({ guid, name, type, subType, url, owner, info }: EndpointRecord): EndpointView {
  const metadata = Object.keys(info).length === 0 ? {} : { [type]: info };
  return { guid, name, type, subType, url, owner: owner === '' ? null : owner, metadata };
}
