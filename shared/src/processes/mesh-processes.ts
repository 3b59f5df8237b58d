import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { meshSettings, processEnvironment, type Config } from '../config/index.ts';
import { loadSecrets, pluginToken, type Secrets } from '../identity/index.ts';
import { MeshProblems } from '../errors/index.ts';
import { type Manifest, parsePluginConfig } from '../manifest/index.ts';
import type { Ports } from './ports.ts';
import { findProgram, findRedisServer, programPath } from './program.ts';
import { privateRedisUsers, redisUrlOf, redisUrlOfPlugin } from './redis-access.ts';

/** One process of the mesh: what to run, and with what. */
export interface MeshProcess {
  /** As pm2 shows it: `gateway`, the plugin's id, `<id>:1` for its second instance, `<id>.2` for a second generation. */
  readonly name: string;
  readonly kind: 'redis' | 'mesh' | 'gateway' | 'channel' | 'plugin';
  /** For plugins: which one, and which of its instances. */
  readonly plugin?: string;
  readonly instance?: string;
  readonly port: number;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing else of the shell's reaches the process. */
  readonly env: Readonly<Record<string, string>>;
  /** Processes that share the port (Node's cluster); absent: one process on its own. */
  readonly workers?: number;
  /** How long it may take to stop before it is killed. */
  readonly stopMs: number;
}

/** The folder of plugmesh itself, which may be another than the configuration's. */
export const HOME = resolve(import.meta.dirname, '../../..');

/** How long a plugin's process may take to stop before it is killed. */
export const PLUGIN_STOP_MS = 5_000;
const CORE_STOP_MARGIN_MS = 2_000;

/** Every process of this mesh: the private Redis (without a configured one), mesh, gateway, channel and these plugins. */
export function meshProcesses(config: Config, manifests: readonly Manifest[], ports: Ports): MeshProcess[] {
  const secrets = loadSecrets(config);
  return [
    ...(config.redisUrl === undefined
      ? [redisProcess(config, ports, privateRedisUsers(config, manifests, secrets))]
      : []),
    coreProcess(config, ports, 'mesh'),
    coreProcess(config, ports, 'gateway'),
    coreProcess(config, ports, 'channel'),
    ...manifests.flatMap((manifest) => pluginProcesses(config, manifest, ports, secrets)),
  ];
}

/** The processes of one plugin, one per instance; while it is reloaded, those of both generations. */
export function pluginProcesses(
  config: Config,
  manifest: Manifest,
  ports: Ports,
  secrets: Secrets,
): MeshProcess[] {
  const id = manifest.name;
  const env = pluginEnvironmentOf(config, manifest, ports, secrets);
  const [program = '', ...rest] = manifest.run;
  const argv = [findProgram(program, env['PATH'] ?? '', manifest.folder) ?? program, ...rest];
  const generation = generationOf(ports, id);
  const processes = (list: readonly number[] = [], number = generation): MeshProcess[] =>
    list.map((port, index) => ({
      name: processName(id, index, number),
      kind: 'plugin',
      plugin: id,
      instance: instanceId(id, index, number),
      port,
      argv,
      cwd: manifest.folder,
      env: { ...env, PORT: String(port), PLUGMESH_INSTANCE: instanceId(id, index, number) },
      stopMs: PLUGIN_STOP_MS,
    }));
  return [...processes(ports.plugins[id]), ...processes(ports.next[id], generation + 1)];
}

/** How often a plugin has been reloaded, plus one. */
export function generationOf({ generations }: Ports, plugin: string): number {
  return generations[plugin] ?? 1;
}

/** pm2's name of a plugin's process. A plugin's id has no dot. */
export function processName(plugin: string, index: number, generation = 1): string {
  return index === 0 ? dotted(plugin, generation) : `${dotted(plugin, generation)}:${index}`;
}

/** The name of a local instance in the mesh document. */
export function instanceId(plugin: string, index: number, generation = 1): string {
  return `${dotted(plugin, generation)}-${index}`;
}

function dotted(plugin: string, generation: number): string {
  return generation === 1 ? plugin : `${plugin}.${generation}`;
}

/** Where programs on this machine reach an address that may be a wildcard. */
export function localOrigin(address: { readonly host: string; readonly port: number }): string {
  const host = ['0.0.0.0', '::', ''].includes(address.host) ? '127.0.0.1' : address.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

function redisProcess(config: Config, ports: Ports, users: readonly string[]): MeshProcess {
  const env = ordinaryEnvironment();
  const data = join(config.stateDir, 'redis');
  // Values may not begin with `--` after the last option: an empty save list is written as one argument.
  const options = {
    port: String(ports.redis),
    bind: '127.0.0.1',
    dir: data,
    appendonly: 'yes',
    // What is acknowledged is on disk (docs/decisions/0011).
    appendfsync: 'always',
    save: '',
  };
  return {
    name: 'redis',
    kind: 'redis',
    port: ports.redis,
    argv: [
      findRedisServer(env['PATH'] ?? '') ?? 'redis-server',
      ...users,
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ],
    cwd: config.stateDir,
    env,
    stopMs: CORE_STOP_MARGIN_MS + PLUGIN_STOP_MS,
  };
}

/** Ours may see the whole environment: `${NAME}` in the configuration refers to it. */
function coreProcess(config: Config, ports: Ports, kind: 'mesh' | 'gateway' | 'channel'): MeshProcess {
  const folder = kind === 'mesh' ? 'services/mesh' : kind;
  const env = Object.entries(processEnvironment()).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    name: kind,
    kind,
    port: config[kind].port,
    argv: [process.execPath, join(HOME, folder, 'src/main.ts')],
    cwd: config.root,
    env: {
      ...Object.fromEntries(env),
      ...(config.file === undefined ? {} : { PLUGMESH_FILE: config.file }),
      REDIS_URL: redisUrlOf(config, ports),
      // mesh talks to the pm2 that runs it, whoever started that.
      ...(kind === 'mesh' ? { PM2_HOME: processEnvironment()['PM2_HOME'] ?? join(homedir(), '.pm2') } : {}),
    },
    ...(kind === 'mesh' ? {} : { workers: config[kind].instances }),
    stopMs: config.gateway.limits.drainMs + CORE_STOP_MARGIN_MS,
  };
}

/** Contracts § 1.3, less what differs between instances. */
function pluginEnvironmentOf(
  config: Config,
  manifest: Manifest,
  ports: Ports,
  secrets: Secrets,
): Record<string, string> {
  const id = manifest.name;
  const settings = config.pluginSettings[id];
  return {
    ...ordinaryEnvironment(),
    HOST: '127.0.0.1',
    PLUGMESH_PLUGIN: id,
    PLUGMESH_URL: config.gateway.url ?? localOrigin(config.gateway),
    PLUGMESH_PREFIX: settings?.path ?? `/api/${id}`,
    PLUGMESH_CONFIG: JSON.stringify(ownSettings(manifest, settings?.config ?? {})),
    PLUGMESH_MESH: JSON.stringify(meshSettings(config)),
    PLUGMESH_TOKEN: pluginToken(secrets, id),
    ...(manifest.state ? { PLUGMESH_STATE: pluginStateDir(config, id) } : {}),
    REDIS_URL: redisUrlOfPlugin(config, ports, id),
  };
}

/** What the manifest's schema makes of a plugin's settings. Those that do not fit make it `invalid`, which is not said here. */
function ownSettings(manifest: Manifest, settings: Readonly<Record<string, unknown>>): object {
  try {
    return parsePluginConfig(manifest, settings);
  } catch (error) {
    if (error instanceof MeshProblems) return settings;
    throw error;
  }
}

/** Folder for the files that a plugin keeps; it makes the folder itself. */
export function pluginStateDir({ stateDir }: Pick<Config, 'stateDir'>, id: string): string {
  return join(stateDir, 'plugins', id);
}

/** What every program may know: where programs are, where home is, which language and time zone; for Node, what it has compiled. */
function ordinaryEnvironment(): Record<string, string> {
  const env = processEnvironment();
  const kept = ['HOME', 'LANG', 'TZ', 'NODE_COMPILE_CACHE'].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { PATH: programPath(env), ...Object.fromEntries(kept) };
}
