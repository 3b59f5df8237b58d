import type { Log, RequestHead } from '@plugmesh/sdk';
import type { Outbound } from '../outbound/outbound.ts';
import type { Target } from '../outbound/target.ts';
import type { Token } from '../outbound/token.ts';
import type { Renewals } from './renewals.ts';

/** A user who asks, in person or by a plugin that acts for them. */
export interface ProxyCaller {
  readonly id: string;
  readonly name: string;
  readonly isAdmin: boolean;
  /** The plugin that acts for the user. */
  readonly plugin?: string;
}

/** Who is behind a request. Both reject with MESH_UNAUTHORIZED or MESH_FORBIDDEN. */
export interface ProxyCallers {
  user(request: RequestHead): Promise<ProxyCaller>;
  /** The id of a plugin that calls. */
  plugin(request: RequestHead): Promise<string>;
}

/** An endpoint with the credential that a user has for it. */
export interface Usable {
  readonly endpoint: Target & { readonly guid: string; readonly type: string };
  readonly token: Token;
  /** Grows with every change of the credential. */
  readonly version: number;
  /** Whose credential it is: the user's, or everybody's. */
  readonly scope: 'own' | 'shared';
}

/** The credentials that are stored. */
export interface UsableConnections {
  /** Rejects with MESH_ENDPOINT_UNKNOWN or MESH_ENDPOINT_NOT_CONNECTED. */
  usableFor(user: ProxyCaller, guid: string): Promise<Usable>;
  /** Stores a renewed token if the connection is still as it was; resolves to the stored one. Rejects as `usableFor`. */
  renewed(used: Usable, token: Token): Promise<Usable>;
}

/** What is known of an endpoint type. */
export interface ProxyType {
  /** Who provides it. */
  readonly plugin: string;
}

/** A request that is to carry a credential. */
export interface Signing {
  readonly type: ProxyType;
  readonly endpoint: Usable['endpoint'];
  readonly token: Token;
  readonly method: string;
  /** In full. */
  readonly url: string;
  /** Which is passed on. */
  readonly request: RequestHead;
}

/** What a plugin may reach during a callout. */
export interface ReachableTarget {
  readonly target: Target;
  /** The credential, where there is one. */
  readonly headers: Readonly<Record<string, string>>;
  /** When the callout's time is over, milliseconds since 1970. */
  readonly endsAt: number;
}

/** What requests to endpoints are passed on with. */
export interface ProxyParts {
  readonly outbound: Outbound;
  readonly connections: UsableConnections;
  /** The one that all of this process share: a refresh token may be good for one use. */
  readonly renewals: Renewals;
  readonly types: { get(type: string): Promise<ProxyType> };
  readonly callers: ProxyCallers;
  /** `find`: undefined when it is not there, has ended, or is another plugin's. */
  readonly reaches: { find(id: string, plugin: string): Promise<ReachableTarget | undefined> };
  readonly log: Log;
  /** Plugins that may act for users at endpoints of every type. */
  readonly trustedPlugins: readonly string[];
  /** At how many endpoints one request may ask at most. */
  readonly fanOut: number;
  /** The headers of a credential, and what the type's hook adds. Rejects with MESH_ENDPOINT_CALLOUT_FAILED. */
  sign(signing: Signing): Promise<Readonly<Record<string, string>>>;
}
