import { endpointView } from '../endpoints/endpoint-view.ts';
import type { ConnectionRecord } from '../store/connection-records.ts';
import type { EndpointRecord } from '../store/endpoint-records.ts';
import type { EventRecord } from '../store/event-records.ts';

/** A connection as users see it: nothing secret. */
export function connectionView({
  kind,
  userId,
  userName,
  isAdmin,
  expiresAt,
  connectedAt,
}: ConnectionRecord) {
  return { kind, shared: userId === '', user: userName, admin: isAdmin, expiresAt, connectedAt };
}

/** What an answer says of an endpoint besides the record. */
export interface Around {
  readonly connection: ConnectionRecord | undefined;
  readonly added: Readonly<Record<string, Record<string, unknown>>>;
  /** Whether the plugin of its type is ready. */
  readonly available: boolean;
}

/** An endpoint as users see it. */
export function endpointAnswer(record: EndpointRecord, { connection, added, available }: Around) {
  const { metadata, ...view } = endpointView(record);
  return {
    ...view,
    skipTlsValidation: record.skipTlsValidation,
    hasCaCert: record.caCert !== null,
    createdAt: record.createdAt,
    available,
    // A type says its own part itself, also where it adds to all of them.
    metadata: merge(metadata, added),
    connection: connection ? connectionView(connection) : null,
  };
}

/** An event as plugins read it. */
export function eventView({ id, event, at, endpoint, user, admin }: EventRecord) {
  return {
    id,
    event,
    at,
    endpoint,
    ...(user === undefined ? {} : { user }),
    ...(admin === undefined ? {} : { admin }),
  };
}

function merge(stored: Around['added'], added: Around['added']): Around['added'] {
  const both = Object.entries(added).map(([type, value]) => [type, { ...stored[type], ...value }]);
  return { ...stored, ...(Object.fromEntries(both) as Around['added']) };
}
