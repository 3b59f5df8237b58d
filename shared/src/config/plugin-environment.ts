import { MeshError } from '../errors/index.ts';
import type { MeshSettings } from './mesh-settings.ts';

/** What a plugin process is given (contracts § 1.3), as the SDK reads it. */
export interface PluginEnvironment {
  readonly port: number | undefined;
  readonly host: string;
  readonly plugin: string | undefined;
  readonly instance: string | undefined;
  /** Origin of the gateway. */
  readonly url: string | undefined;
  readonly prefix: string | undefined;
  readonly config: Readonly<Record<string, unknown>>;
  /** The mesh's own settings; undefined: there is no mesh around it. */
  readonly mesh: MeshSettings | undefined;
  readonly redisUrl: string | undefined;
  readonly token: string | undefined;
  /** Folder for files of its own, when its manifest asks for one. */
  readonly stateDir: string | undefined;
  /** The plugin registers itself, because nobody on this host does it for it. */
  readonly isRegistering: boolean;
}

/** Reads the environment of a plugin process. Throws a `MeshError` for a port or settings that cannot be read. */
export function pluginEnvironment(env: NodeJS.ProcessEnv = process.env): PluginEnvironment {
  return {
    port: parsePort(env['PORT']),
    host: env['HOST'] ?? '127.0.0.1',
    plugin: env['PLUGMESH_PLUGIN'],
    instance: env['PLUGMESH_INSTANCE'],
    url: env['PLUGMESH_URL'],
    prefix: env['PLUGMESH_PREFIX'],
    config: parseObject('PLUGMESH_CONFIG', env['PLUGMESH_CONFIG'] ?? '{}'),
    mesh: parseMesh(env['PLUGMESH_MESH']),
    redisUrl: env['REDIS_URL'],
    token: env['PLUGMESH_TOKEN'],
    stateDir: env['PLUGMESH_STATE'],
    isRegistering: env['PLUGMESH_REGISTER'] === '1',
  };
}

/** The environment of this process, for those who start other programs. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new MeshError('MESH_CONFIG_INVALID', `'PORT' must be a port number, not '${text}'`);
}

/** Written by the mesh itself, which leaves out nothing. */
function parseMesh(text: string | undefined): MeshSettings | undefined {
  return text === undefined ? undefined : (parseObject('PLUGMESH_MESH', text) as unknown as MeshSettings);
}

function parseObject(name: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (cause) {
    throw new MeshError('MESH_CONFIG_INVALID', `'${name}' must be JSON`, { cause });
  }
  throw new MeshError('MESH_CONFIG_INVALID', `'${name}' must be a JSON object`);
}
