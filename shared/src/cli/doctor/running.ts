import type { Config } from '../../config/index.ts';
import { MeshError } from '../../errors/index.ts';
import { failureText } from '../../mesh-document/index.ts';
import { listeningPorts, localOrigin, meshProcessIds, portHolder } from '../../processes/index.ts';
import { MeshClient, type PluginView, type StatusView } from '../mesh-client.ts';
import { refuseOtherPm2 } from '../leftovers.ts';
import { runningUp } from '../run-record.ts';
import { fine, type Finding, warning, wrong } from './finding.ts';

const SECTIONS = ['gateway', 'channel', 'mesh'] as const;
const TIMEOUT_MS = 2_000;

/** Ports, what an earlier run has left, and how the mesh is that runs now. */
export async function checkRunning(config: Config): Promise<Finding[]> {
  const own = new Set(meshProcessIds(config));
  const client = new MeshClient(config);
  const status = await client.status().catch((error: unknown) => {
    if (error instanceof MeshError && error.code === 'MESH_NOT_RUNNING') return undefined;
    throw error;
  });
  return [
    ...SECTIONS.map((section) => checkPort(config, section, own)),
    ...checkLeftovers(config, own, status !== undefined),
    ...(status ? await checkMesh(config, status, await client.plugins()) : [fine('mesh', 'it does not run')]),
  ];
}

function checkPort(config: Config, section: (typeof SECTIONS)[number], own: ReadonlySet<number>): Finding {
  const { port } = config[section];
  const check = `port of ${section}`;
  if (!listeningPorts().has(port)) return fine(check, `${port} is free`);
  const holder = portHolder(port);
  if (holder && own.has(holder.pid))
    return fine(check, `${port} is held by this mesh (process ${holder.pid})`);
  const who = holder ? `process ${holder.pid} (${holder.command})` : 'a process that we may not see';
  return wrong(check, `${port} is held by ${who}`, `stop it, or set [${section}] port in plugmesh.toml`);
}

function checkLeftovers(config: Config, own: ReadonlySet<number>, isRunning: boolean): Finding[] {
  const up = runningUp(config);
  if (up !== undefined) return [fine('processes', `${own.size}, run by ./plugmesh up (process ${up})`)];
  if (own.size === 0) return [fine('processes', 'nothing is left of an earlier run')];
  try {
    refuseOtherPm2(config);
  } catch (error) {
    return [fine('processes', error instanceof Error ? error.message : String(error))];
  }
  const text = `${own.size} processes are left of an earlier run${isRunning ? ', and still serve' : ''}`;
  return [warning('processes', text, './plugmesh down ends them; so does the next ./plugmesh up')];
}

async function checkMesh(
  config: Config,
  status: StatusView,
  plugins: readonly PluginView[],
): Promise<Finding[]> {
  const redis = status.redis.connected
    ? fine('mesh', `version ${status.version} of its document, ${status.mode} mode`)
    : wrong(
        'mesh',
        'it has no connection to Redis',
        "see what is said of redis above, and './plugmesh logs mesh'",
      );
  const cores = await Promise.all(
    (['gateway', 'channel'] as const).map((section) => checkReady(config, section)),
  );
  return [redis, ...cores, ...pluginFindings(plugins)];
}

async function checkReady(config: Config, section: 'gateway' | 'channel'): Promise<Finding> {
  const url = `${localOrigin(config[section])}/readyz`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined);
  const text = (await answer?.text())?.trim() ?? 'it does not answer';
  return answer?.ok === true
    ? fine(section, 'ready')
    : wrong(section, text.slice(0, 200), `see './plugmesh logs ${section}'`);
}

function pluginFindings(plugins: readonly PluginView[]): Finding[] {
  const wanted = plugins.filter(({ enabled }) => enabled);
  const late = wanted.filter(({ state }) => state !== 'ready');
  const ready = fine('running plugins', `${wanted.length - late.length} of ${wanted.length} are ready`);
  return [ready, ...late.map(lateFinding)];
}

function lateFinding({ id, state, reason = 'it has not said why', failure }: PluginView): Finding {
  const check = `plugin ${id}`;
  const text = failure ? failureText({ ...failure, lines: [] }).split('\n')[0] : reason.split('\n')[0];
  const said = `${state}: ${text ?? ''}`;
  const fix = failure?.fix ?? `./plugmesh logs ${id}`;
  return state === 'starting' || state === 'skipped' ? warning(check, said, fix) : wrong(check, said, fix);
}
