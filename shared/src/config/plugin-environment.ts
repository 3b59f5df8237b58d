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
  readonly redisUrl: string | undefined;
  readonly token: string | undefined;
  /** The plugin registers itself, because nobody on this host does it for it. */
  readonly isRegistering: boolean;
}

/** Reads the environment of a plugin process. */
export function pluginEnvironment(env: NodeJS.ProcessEnv = process.env): PluginEnvironment {
  return {
    port: portOf(env['PORT']),
    host: env['HOST'] ?? '127.0.0.1',
    plugin: env['PLUGMESH_PLUGIN'],
    instance: env['PLUGMESH_INSTANCE'],
    url: env['PLUGMESH_URL'],
    prefix: env['PLUGMESH_PREFIX'],
    config: JSON.parse(env['PLUGMESH_CONFIG'] ?? '{}') as Record<string, unknown>,
    redisUrl: env['REDIS_URL'],
    token: env['PLUGMESH_TOKEN'],
    isRegistering: env['PLUGMESH_REGISTER'] === '1',
  };
}

function portOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** The environment of this process, for those who start other programs. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}
