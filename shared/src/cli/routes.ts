import { MeshError, nearestName } from '../errors/index.ts';
import { manifestHttpDefaults } from '../manifest/http-schema.ts';
import { rulesInOrder, type RouteGuard, type RouteRule } from '../mesh-document/index.ts';
import type { CommandLine } from './command-line.ts';
import { MeshClient, type PluginView } from './mesh-client.ts';
import { print } from './report.ts';
import { configOfRunning } from './running-mesh.ts';
import { table } from './table.ts';

/** One rule at one of its plugin's prefixes. */
interface RouteRow {
  readonly path: string;
  /** Absent: all. */
  readonly methods?: readonly string[];
  readonly guard: RouteGuard;
  readonly plugin: string;
  readonly state: string;
  /** Plugins whose own calls pass. */
  readonly plugins?: readonly string[];
  readonly timeoutMs: number;
  readonly maxBody: number;
  readonly maxResponse?: number;
}

/** `plugmesh routes`: what leads where, in the order in which it is looked at. */
export async function routes({ operands, options }: CommandLine): Promise<number> {
  const all = await new MeshClient(configOfRunning(options)).plugins();
  const unknown = operands.find((id) => !all.some((plugin) => plugin.id === id));
  if (unknown !== undefined) throw unknownPlugin(unknown, all);
  const rows = all.filter(({ id }) => operands.length === 0 || operands.includes(id)).flatMap(rowsOf);
  print(options, rows, routeTable(rows));
  return 0;
}

function unknownPlugin(id: string, all: readonly PluginView[]): MeshError {
  const names = all.map((plugin) => plugin.id);
  const near = nearestName(id, names);
  const fix = near === undefined ? `there are: ${names.join(', ')}` : `did you mean '${near}'?`;
  return new MeshError('MESH_USAGE', `no plugin is named '${id}'`, { fix });
}

/** A plugin's rules, and last what holds for the rest of it. */
function rowsOf(plugin: PluginView): RouteRow[] {
  const { id, state, guard, prefix, aliases, timeoutMs, maxBody, maxResponse } = plugin;
  const limits = { timeoutMs, maxBody, ...(maxResponse === undefined ? {} : { maxResponse }) };
  const rules: RouteRule[] = [...rulesInOrder(plugin), { path: '/**', guard }];
  return [prefix, ...aliases].flatMap((place) =>
    rules.map((rule) => ({ plugin: id, state, ...limits, ...rule, path: `${place}${rule.path}` })),
  );
}

function routeTable(rows: readonly RouteRow[]): string {
  const cells = rows.map((row) => [
    row.path,
    row.methods?.join(',') ?? '*',
    row.guard,
    row.state === 'ready' ? row.plugin : `${row.plugin} (${row.state})`,
    row.plugins?.join(',') ?? '-',
    limitsOf(row),
  ]);
  return table([['PATH', 'METHODS', 'GUARD', 'PLUGIN', 'CALLERS', 'LIMITS'], ...cells]);
}

/** Only what differs from the defaults. */
function limitsOf({ timeoutMs, maxBody, maxResponse }: RouteRow): string {
  const said = [
    timeoutMs === manifestHttpDefaults.timeoutMs ? '' : `${timeoutMs} ms`,
    maxBody === manifestHttpDefaults.maxBody ? '' : `body ${maxBody} B`,
    maxResponse === undefined ? '' : `answer ${maxResponse} B`,
  ];
  return said.filter(Boolean).join(', ') || '-';
}
