import type { CorsConfig } from '@plugmesh/shared/config';
import { compileRoutes, hasNoCode, type MeshDocument, type MeshPlugin } from '@plugmesh/shared/mesh-document';
import { CorsPolicy } from '../http/cors.ts';
import type { Metrics } from '../own/metrics.ts';
import type { Pool } from '../upstream/pool.ts';
import type { Route } from './route.ts';
import { RouteTable } from './route-table.ts';

/** What routes are made of besides the document. */
export interface TableParts {
  readonly cors: CorsConfig;
  readonly metrics: Metrics;
  /** Id of the plugin that keeps the accounts. */
  readonly accounts: string;
  /** The pool of a plugin or service. */
  pool(id: string): Pool;
}

/** Ids and prefixes of the mesh's own services; of two that match the longer one counts. */
const SERVICE_PREFIXES = {
  mesh: ['/mesh'],
  channel: ['/socket', '/websocket', '/token', '/mesh/channel'],
} as const;

const SERVICE_HTTP = { guard: 'public', routes: [], timeoutMs: 30_000, maxBody: 1_048_576 } as const;

/** Plugins in these states are not asked, whatever their instances say. */
const CLOSED_STATES: ReadonlySet<string> = new Set(['stopped', 'disabled', 'skipped', 'invalid']);

/** Compiles the document into the table that requests are looked up in. */
export function compileTable(document: MeshDocument, parts: TableParts): RouteTable {
  const plugins = document.plugins.flatMap((plugin) => pluginRoutes(plugin, parts));
  // Services last: should a document ever name their roots, they still win.
  return new RouteTable([...plugins, ...serviceRoutes(parts)]);
}

function pluginRoutes(plugin: MeshPlugin, parts: TableParts): Route[] {
  const { id, http } = plugin;
  const route = {
    kind: 'plugin' as const,
    id,
    stripPrefix: http.stripPrefix,
    isAccounts: id === parts.accounts,
    html: http.html,
    cors: new CorsPolicy(parts.cors, http.corsOrigins),
    pool: parts.pool(id),
    meter: parts.metrics.meter(id),
    closed: closedBecause(plugin),
    trouble: troubleOf(plugin),
    permission: compileRoutes(http),
  };
  return [http.prefix, ...http.aliases].map((prefix) => ({ ...route, prefix }));
}

function closedBecause(plugin: MeshPlugin): Route['closed'] {
  const { enabled, state } = plugin;
  if (!enabled) return 'disabled';
  return CLOSED_STATES.has(state) || hasNoCode(plugin) ? state : undefined;
}

function troubleOf({ reason, failure }: MeshPlugin): Route['trouble'] {
  return { ...(reason === undefined ? {} : { reason }), ...(failure === undefined ? {} : { failure }) };
}

function serviceRoutes(parts: TableParts): Route[] {
  const cors = new CorsPolicy(parts.cors);
  const permission = compileRoutes(SERVICE_HTTP);
  return Object.entries(SERVICE_PREFIXES).flatMap(([id, prefixes]) => {
    // Pages that may open its WebSockets may also read its answers: one list, and channel has it.
    const shared = {
      id,
      cors: id === 'channel' ? undefined : cors,
      permission,
      pool: parts.pool(id),
      meter: parts.metrics.meter(id),
    };
    const fixed = {
      kind: 'service',
      stripPrefix: false,
      isAccounts: false,
      html: 'trusted',
      closed: undefined,
      trouble: {},
    } as const;
    return prefixes.map((prefix) => ({ ...shared, ...fixed, prefix }));
  });
}
