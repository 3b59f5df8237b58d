import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { localOrigin } from '../processes/index.ts';
import type { MeshClient, PluginView } from './mesh-client.ts';
import { pluginTable } from './table.ts';

const POLL_MS = 100;
const CORE_DEADLINE_MS = 60_000;
/** Plugins that take longer are shown as they are, and again when they have come. */
const PLUGIN_PATIENCE_MS = 10_000;
const LATE_POLL_MS = 500;

/** Whom to ask, when it began, when to give up, and whom to tell that mesh, channel and gateway are ready. */
export interface ShowOptions {
  readonly client: MeshClient;
  readonly startedAt: number;
  readonly stopped: AbortSignal;
  readonly onReady: () => void;
}

/** Waits until the mesh is ready and prints it. Resolves to the plugins as they were shown. */
export async function showMesh(config: Config, options: ShowOptions): Promise<readonly PluginView[]> {
  const { client, startedAt, stopped, onReady } = options;
  // A function, because the compiler believes that the signal cannot change across an await.
  const isStopped = (): boolean => stopped.aborted;
  await untilCoreReady(config, stopped);
  if (isStopped()) return [];
  onReady();
  const coreReadyAt = performance.now();
  let plugins = await client.plugins();
  while (
    !isStopped() &&
    plugins.some(isWorthWaiting) &&
    performance.now() - coreReadyAt < PLUGIN_PATIENCE_MS
  ) {
    await delay(POLL_MS);
    plugins = await client.plugins();
  }
  if (isStopped()) return plugins;
  say(`\n${pluginTable(plugins)}\n`);
  say(urls(config));
  say(`Ready in ${((performance.now() - startedAt) / 1000).toFixed(1)} s. Ctrl-C stops everything.`);
  return plugins;
}

async function untilCoreReady(config: Config, stopped: AbortSignal): Promise<void> {
  const deadline = performance.now() + CORE_DEADLINE_MS;
  const waitingFor = new Map([
    ['mesh', `${localOrigin(config.mesh)}/readyz`],
    ['channel', `${localOrigin(config.channel)}/readyz`],
    ['gateway', `${localOrigin(config.gateway)}/readyz`],
  ]);
  while (waitingFor.size > 0 && !stopped.aborted) {
    for (const [name, url] of waitingFor) if (await isOk(url)) waitingFor.delete(name);
    if (waitingFor.size > 0 && performance.now() > deadline)
      throw new MeshError(
        'MESH_INTERNAL',
        `${[...waitingFor.keys()].join(', ')} did not get ready within 60 s`,
        {
          fix: `see './plugmesh logs ${[...waitingFor.keys()][0] ?? ''}'`,
        },
      );
    if (waitingFor.size > 0) await delay(POLL_MS);
  }
}

async function isOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** pm2 and mesh need a moment until a plugin's process is seen at all: `stopped` is not yet an answer. */
function isSettled({ state, enabled }: PluginView): boolean {
  return !enabled || (state !== 'starting' && state !== 'stopped');
}

/** One that is starting and says why waits for its setup or for another plugin: that may take long. */
function isWorthWaiting(plugin: PluginView): boolean {
  return !isSettled(plugin) && plugin.reason === undefined;
}

/** Says what becomes of those that were not there yet when the mesh was shown. */
export async function followLate(
  client: MeshClient,
  shown: readonly PluginView[],
  stopped: AbortSignal,
): Promise<void> {
  const late = new Map(
    shown.filter((plugin) => !isSettled(plugin)).map((plugin) => [plugin.id, saying(plugin)]),
  );
  while (late.size > 0 && !stopped.aborted) {
    await delay(LATE_POLL_MS);
    // mesh may be restarting: the next answer will do.
    const plugins = await client.plugins().catch(() => []);
    for (const plugin of plugins) {
      if (!late.has(plugin.id) || late.get(plugin.id) === saying(plugin)) continue;
      say(saying(plugin));
      late.set(plugin.id, saying(plugin));
      if (isSettled(plugin)) late.delete(plugin.id);
    }
  }
}

function saying({ id, state, reason }: PluginView): string {
  return `${id} is ${state}${reason === undefined ? '' : `: ${reason}`}`;
}

function urls(config: Config): string {
  const origin = localOrigin(config.gateway);
  return [
    `  page     ${origin}/`,
    `  plugins  ${origin}/api/<plugin>/`,
    `  socket   ${origin.replace('http', 'ws')}/socket`,
    '',
  ].join('\n');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
