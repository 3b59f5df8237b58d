import type { MeshPlugin, RouteMatch, RouteMatcher } from '@plugmesh/shared/mesh-document';
import type { CorsPolicy } from '../http/cors.ts';
import type { RouteMeter } from '../own/metrics.ts';
import type { Pool } from '../upstream/pool.ts';

/** What holds for one path and method under a prefix: guard, time, size. */
export type Permission = RouteMatch;

/** A path prefix and what it leads to: a plugin, or one of the mesh's own services. */
export interface Route {
  readonly kind: 'plugin' | 'service';
  /** Plugin id, `mesh` or `channel`. */
  readonly id: string;
  readonly prefix: string;
  /** Whether the upstream sees the path without the prefix. */
  readonly stripPrefix: boolean;
  /** Whether it keeps the accounts: then its answers may set the session's cookie. */
  readonly isAccounts: boolean;
  readonly html: 'sandbox' | 'trusted';
  /** Undefined: whoever answers says itself which pages may read it. */
  readonly cors: CorsPolicy | undefined;
  readonly pool: Pool;
  readonly meter: RouteMeter;
  /** Its state, where it cannot be reached whatever its instances say, e.g. `disabled`; `ready`: it has no code. */
  readonly closed: MeshPlugin['state'] | undefined;
  /** Why the plugin is not as it should be, as far as the mesh has said; for answers in development mode. */
  readonly trouble: Pick<MeshPlugin, 'reason' | 'failure'>;
  /** The permission for a path below the prefix, e.g. `/v1/x`. */
  readonly permission: RouteMatcher;
}
