import type { Kysely, Selectable } from 'kysely';

/** Times are milliseconds since 1970; yes and no are 1 and 0; `info` and `about` are JSON. */
export interface Tables {
  endpoints: EndpointTable;
  connections: ConnectionTable;
  events: EventTable;
  event_count: EventCountTable;
  reaches: ReachTable;
}

/** An external system. `owner` is a user's id, or empty for everybody's. */
interface EndpointTable {
  guid: string;
  type: string;
  sub_type: string | null;
  name: string;
  url: string;
  owner: string;
  skip_tls: number;
  ca_cert: string | null;
  info: string;
  token_url: string | null;
  created_at: number;
  version: number;
}

/** A user's credentials for an endpoint, or with an empty `user_id` those that everybody uses. `secret` is encrypted. */
interface ConnectionTable {
  endpoint_guid: string;
  user_id: string;
  kind: string;
  secret: string;
  key_id: string;
  user_name: string | null;
  is_admin: number;
  expires_at: number | null;
  connected_at: number;
  version: number;
}

/** What has happened, in the order in which it was committed. `key` is the same with every try to publish it. */
interface EventTable {
  id: number;
  key: string;
  event: string;
  type: string;
  at: number;
  about: string;
  published_at: number | null;
}

/** One row: the number of the last event. Whoever writes an event holds it, so that numbers are in order of commit. */
interface EventCountTable {
  id: number;
  last: number;
}

/** What a plugin may ask an external system during one callout; `secret` is encrypted. */
interface ReachTable {
  id: string;
  plugin: string;
  secret: string;
  key_id: string;
  ends_at: number;
}

export type Database = Kysely<Tables>;
export type EndpointRow = Selectable<EndpointTable>;
export type ConnectionRow = Selectable<ConnectionTable>;
export type EventRow = Selectable<EventTable>;
