import type {
  Instance,
  MeshDocument,
  MeshPlugin,
  MiddlewareRule,
  PluginHttp,
} from '@plugmesh/shared/mesh-document';
import type { ManagedProcess } from '@plugmesh/shared/processes';
import type { Traffic } from './gateway-reports.ts';
import type { RedisRights } from './redis-users.ts';

/** Who asks: a stranger sees names and states, the operator and administrators everything. */
export interface Viewer {
  /** The operator, or an administrator. */
  readonly isInCharge: boolean;
}

/** What the gateways say of a plugin's instance, when they have said something. */
export type TrafficOf = (plugin: string, url: string) => Traffic | undefined;

/** `GET /mesh/plugins`. In development mode everybody sees what the operator sees, less addresses and process ids. */
export function pluginsView(document: MeshDocument, viewer: Viewer, trafficOf: TrafficOf): object {
  const { version, mode, plugins, middleware } = document;
  const isOpen = viewer.isInCharge || mode === 'development';
  return {
    version,
    mode,
    plugins: plugins.map((plugin) => ({
      ...pluginView(plugin, isOpen),
      ...(isOpen ? { instances: plugin.instances.map((each) => view(plugin.id, each)) } : {}),
      ...(viewer.isInCharge ? rulesView(plugin.http) : {}),
      ...(isOpen ? middlewareView(middleware.find((rule) => rule.plugin === plugin.id)) : {}),
    })),
  };

  function view(plugin: string, instance: Instance): object {
    const { id, state, readyMs } = instance;
    const traffic = trafficOf(plugin, instance.url);
    return { ...(viewer.isInCharge ? instance : { id, state, readyMs }), ...(traffic && { traffic }) };
  }
}

/** What holds for requests; of the key that opens it nobody is told anything. */
function rulesView({ routes, timeoutMs, maxBody, maxResponse }: PluginHttp): object {
  return { routes, timeoutMs, maxBody, ...(maxResponse === undefined ? {} : { maxResponse }) };
}

function middlewareView(rule: MiddlewareRule | undefined): object {
  if (!rule) return {};
  const { phase, order, match, onError } = rule;
  return { middleware: { phase, order, match, onError } };
}

function pluginView(plugin: MeshPlugin, isOpen: boolean): object {
  const { id, title, state } = plugin;
  const known = { id, ...(title === undefined ? {} : { title }), state };
  if (!isOpen) return known;
  const { description, version, language, source, enabled, reason, failure, http } = plugin;
  return {
    ...known,
    ...(description === undefined ? {} : { description }),
    ...(version === undefined ? {} : { version }),
    ...(language === undefined ? {} : { language }),
    ...(reason === undefined ? {} : { reason }),
    ...(failure === undefined ? {} : { failure }),
    source,
    enabled,
    guard: http.guard,
    prefix: http.prefix,
    aliases: http.aliases,
  };
}

/** What `GET /mesh/status` knows besides the document. */
export interface StatusInput {
  readonly document: MeshDocument;
  readonly isLeading: boolean;
  readonly isRedisConnected: boolean;
  readonly redisRights: RedisRights | undefined;
  readonly processes: readonly ManagedProcess[];
}

const KINDS: Readonly<Record<string, string>> = {
  mesh: 'mesh',
  gateway: 'gateway',
  channel: 'channel',
  redis: 'redis',
};

/** `GET /mesh/status`: the mesh as a whole, and for the operator every process. */
export function statusView(input: StatusInput, viewer: Viewer): object {
  const { document, isLeading, isRedisConnected, redisRights, processes } = input;
  const summary = {
    state: isRedisConnected ? 'ready' : 'degraded',
    version: document.version,
    mode: document.mode,
    leading: isLeading,
    redis: { connected: isRedisConnected, ...(viewer.isInCharge ? redisRights : {}) },
  };
  const shown = processes.map((each) => processView(each, viewer.isInCharge));
  return { ...summary, processes: shown };
}

function processView(each: ManagedProcess, isInCharge: boolean): object {
  const kind = each.plugin === undefined ? (KINDS[each.name] ?? 'other') : 'plugin';
  const known = { name: each.name, kind, status: each.status };
  if (!isInCharge) return known;
  const { pid, port, restarts, memoryBytes, cpuPercent, startedAt } = each;
  const uptimeMs = pid === undefined ? 0 : Math.max(0, Date.now() - startedAt);
  return { ...known, pid, port, restarts, memoryBytes, cpuPercent, uptimeMs };
}
