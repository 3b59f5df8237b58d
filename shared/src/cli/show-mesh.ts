import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { localOrigin } from '../processes/index.ts';
import { firstLinkText } from './first-link.ts';
import type { MeshClient, PluginView } from './mesh-client.ts';
import { pluginTable } from './table.ts';

const POLL_MS = 100;
const CORE_DEADLINE_MS = 60_000;
/** Plugins that take longer are shown as they are, and again when they have come. */
const PLUGIN_PATIENCE_MS = 10_000;
const FOLLOW_MS = 500;

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
  await sayRights(client);
  say(urls(config));
  sayFirstLink(config);
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

/** Says what becomes of plugins after the mesh was shown: of those that were late, and of every change from then on. */
export async function followPlugins(
  config: Config,
  client: MeshClient,
  shown: readonly PluginView[],
  stopped: AbortSignal,
): Promise<void> {
  const said = new Map(shown.map((plugin) => [plugin.id, key(plugin)]));
  while (!stopped.aborted) {
    await delay(FOLLOW_MS);
    // mesh may be restarting: the next answer will do.
    const plugins = await client.plugins().catch(() => undefined);
    for (const plugin of plugins ?? []) {
      // On its way: what it comes to is worth a line.
      if (isComing(plugin) || said.get(plugin.id) === key(plugin)) continue;
      say(saying(plugin));
      if (plugin.id === config.gateway.accounts) sayFirstLink(config);
      said.set(plugin.id, key(plugin));
    }
    for (const id of plugins === undefined ? [] : said.keys()) {
      if (plugins?.some((each) => each.id === id)) continue;
      say(`${id} is gone`);
      said.delete(id);
    }
  }
}

function sayFirstLink(config: Config): void {
  const text = firstLinkText(config);
  if (text !== undefined) say(text);
}

/** What a line is written for: not for every word of a reason, which counts restarts. */
function key({ state, reason = '' }: PluginView): string {
  return state === 'starting' || state === 'ready' ? `${state} ${reason}` : state;
}

function isComing({ state, enabled, reason }: PluginView): boolean {
  return enabled && (state === 'stopped' || (state === 'starting' && reason === undefined));
}

function saying({ id, state, reason }: PluginView): string {
  return `${id} is ${state}${reason === undefined ? '' : `: ${reason}`}`;
}

/** Says when Redis does not keep plugins apart: then they are trusted with everything in it. */
async function sayRights(client: MeshClient): Promise<void> {
  const { plugins = 'own', reason = '' } = (await client.status()).redis;
  if (plugins === 'own') return;
  const how = plugins === 'open' ? 'is open' : 'makes no users';
  say(`Redis ${how}: plugins are trusted with everything in it (${reason}).\n`);
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
