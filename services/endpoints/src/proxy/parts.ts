import type { Log } from '@plugmesh/sdk';
import type { Callers } from '../callers.ts';
import type { Connections } from '../connections/connections.ts';
import type { ToSign } from '../connections/sign.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Reaches } from '../reach/reaches.ts';
import type { TypeCatalogue } from '../types/type-catalogue.ts';
import type { Renewals } from './renewals.ts';

/** The credentials that are stored. */
export type UsableConnections = Pick<Connections, 'usableFor' | 'renewed'>;

/** What requests to endpoints are passed on with. */
export interface ProxyParts {
  readonly outbound: Outbound;
  readonly connections: UsableConnections;
  readonly renewals: Renewals;
  readonly types: Pick<TypeCatalogue, 'get'>;
  readonly callers: Pick<Callers, 'user' | 'plugin'>;
  readonly reaches: Pick<Reaches, 'find'>;
  readonly log: Log;
  /** At how many endpoints one request may ask at most. */
  readonly fanOut: number;
  /** The headers of a credential, and what the type's hook adds. Rejects with MESH_ENDPOINT_CALLOUT_FAILED. */
  readonly sign: (signing: ToSign) => Promise<Readonly<Record<string, string>>>;
}
