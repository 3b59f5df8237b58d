import { openDatabase, type DatabasePlace } from '@plugmesh/shared/database';
import { ConnectionRecords } from './connection-records.ts';
import { EndpointRecords } from './endpoint-records.ts';
import { EventRecords } from './event-records.ts';
import { MIGRATIONS } from './migrations.ts';
import { ReachRecords } from './reach-records.ts';
import type { Database, Tables } from './tables.ts';

/** What the database has. */
export interface Records {
  readonly endpoints: EndpointRecords;
  readonly connections: ConnectionRecords;
  readonly events: EventRecords;
  readonly reaches: ReachRecords;
}

/** What is true about endpoints, their connections, and what has become of them. */
export interface Store extends Records {
  /**
   * Does work on the records as one change: all of it holds, or nothing when it rejects. Work that asks anybody else
   * than the database has to be done before.
   */
  atOnce<T>(work: (records: Records) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens the records: a PostgreSQL database, or a SQLite file in the plugin's own folder. */
export async function openStore(place: DatabasePlace): Promise<Store> {
  const db: Database = await openDatabase<Tables>({ ...place, name: 'endpoints', migrations: MIGRATIONS });
  return {
    ...recordsOf(db),
    atOnce: (work) => db.transaction().execute((transaction) => work(recordsOf(transaction))),
    close: () => db.destroy(),
  };
}

function recordsOf(db: Database): Records {
  return {
    endpoints: new EndpointRecords(db),
    connections: new ConnectionRecords(db),
    events: new EventRecords(db),
    reaches: new ReachRecords(db),
  };
}
