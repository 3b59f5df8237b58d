import type { Instance } from '../mesh-document/index.ts';
import type { PluginView, ProcessView } from './mesh-client.ts';

/** Rows as columns of equal width; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What a reason is said of: work under way, or one that serves although something is wrong; else a failure. */
const MARKS: Readonly<Record<string, string>> = { starting: '…', ready: '!' };

/** Nobody has failed where somebody said that a plugin is not to run. */
function markOf({ enabled, state }: PluginView): string {
  return enabled ? (MARKS[state] ?? '✖') : '–';
}

/** One row per plugin, and below them why some are not ready, and what is asked about requests. */
export function pluginTable(plugins: readonly PluginView[]): string {
  const rows = plugins.map((plugin) => [
    plugin.id,
    plugin.state,
    plugin.language ?? '-',
    plugin.instances.map(portText).join(' ') || '-',
    plugin.guard,
    readyMs(plugin),
  ]);
  const reasons = plugins.flatMap((plugin) => {
    const { id, reason } = plugin;
    return reason === undefined ? [] : [`${markOf(plugin)} ${id}: ${reason.replaceAll('\n', '\n    ')}`];
  });
  const heading = ['PLUGIN', 'STATE', 'LANGUAGE', 'PORT', 'GUARD', 'READY'];
  return [table([heading, ...rows]), ...reasons, ...chains(plugins)].join('\n');
}

/** The middleware of each phase, in the order in which it is asked. */
function chains(plugins: readonly PluginView[]): string[] {
  return ['public', 'session'].flatMap((phase) => {
    const links = plugins
      .flatMap(({ id, middleware }) => (middleware?.phase === phase ? [{ id, order: middleware.order }] : []))
      .sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
    return links.length === 0 ? [] : [`middleware, ${phase}: ${links.map(({ id }) => id).join(' → ')}`];
  });
}

/** Of several, one that is down has a mark. */
function portText({ url, state }: Instance, _index: number, all: readonly Instance[]): string {
  const port = new URL(url).port || '80';
  return state === 'unready' && all.length > 1 ? `${port}✖` : port;
}

function readyMs({ instances }: PluginView): string {
  const times = instances.flatMap((instance) => instance.readyMs ?? []);
  return times.length === 0 ? '-' : `${Math.max(...times)} ms`;
}

/** One row per process. */
export function processTable(processes: readonly ProcessView[]): string {
  const rows = processes.map(
    ({ name, status, pid, restarts = 0, memoryBytes = 0, cpuPercent = 0, uptimeMs = 0 }) => [
      name,
      status,
      String(pid ?? '-'),
      `${(memoryBytes / 1024 ** 2).toFixed(0)} MiB`,
      `${cpuPercent} %`,
      String(restarts),
      `${(uptimeMs / 1000).toFixed(0)} s`,
    ],
  );
  return table([['PROCESS', 'STATUS', 'PID', 'MEMORY', 'CPU', 'RESTARTS', 'UP'], ...rows]);
}
