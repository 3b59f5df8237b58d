import { basename } from 'node:path';
import { variableOf, type Config, type ServiceAddress } from '../config/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { MESH_USER } from '../redis-users/index.ts';
import { literal, passedOn, required } from './interpolation.ts';

/** A service of the compose file. */
export type Service = Readonly<Record<string, unknown>>;

/** Name of the variable with the mesh's one secret. */
export const SECRET = 'PLUGMESH_SECRET';
export const RUN_INIT = 'run ./plugmesh init';
/** Names of the variables with the password of the mesh's own Redis user, and with its SHA-256. */
export const REDIS_PASSWORD = 'PLUGMESH_REDIS_PASSWORD';
export const REDIS_HASH = 'PLUGMESH_REDIS_HASH';

/** Where a plugin without a port of its own listens in its container. */
export const PLUGIN_PORT = 8000;

const USUAL_FILE = 'plugmesh.toml';
/** State folder of containers. */
export const STATE_DIR = '/app/.plugmesh';
// Of the image's user: without these it would be root's.
const STATE_IN_MEMORY = `${STATE_DIR}:uid=1000,gid=1000,mode=0700`;
const DRAIN_MARGIN_MS = 5_000;

/** Runs under every service: a process that ends comes back, none has rights that it does not need. */
export function contained({ gateway }: Config): Service {
  return {
    restart: 'unless-stopped',
    init: true,
    read_only: true,
    tmpfs: ['/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    stop_grace_period: `${Math.ceil((gateway.limits.drainMs + DRAIN_MARGIN_MS) / 1000)}s`,
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
  };
}

/** The image of everything that runs in Node. */
export const NODE_IMAGE: Service = { build: '.', image: imageName() };

/** Name of an image: of a plugin, or the Node one. */
export function imageName(plugin?: string): string {
  const name = plugin === undefined ? '' : `-${plugin}`;
  return `\${PLUGMESH_IMAGE:-plugmesh}${name}:\${PLUGMESH_TAG:-latest}`;
}

/** What a service needs to be there before it starts. */
export const AFTER_REDIS: Service = { redis: { condition: 'service_healthy' } };

/** The private Redis: it writes what it is told, and takes nobody without a password. */
export const REDIS: Service = {
  image: 'redis:7-bookworm',
  user: 'redis',
  command: [
    ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always', '--dir', '/data'],
    // The hash: who may list the processes of the host sees it.
    ...['--user', MESH_USER, 'on', '~*', '&*', '+@all', `#${required(REDIS_HASH, RUN_INIT)}`],
  ],
  environment: { REDISCLI_AUTH: required(REDIS_PASSWORD, RUN_INIT) },
  volumes: ['redis:/data'],
  healthcheck: { test: ['CMD', 'redis-cli', '-e', 'ping'], interval: '2s', timeout: '2s', retries: 5 },
};

/** mesh, gateway and channel, in the same environment. */
export function coreServices(config: Config, environment: Service): Record<string, Service> {
  const core = (kind: 'mesh' | 'gateway' | 'channel', more: Service): Service => ({
    ...NODE_IMAGE,
    command: ['node', kind === 'mesh' ? 'services/mesh/src/main.ts' : `${kind}/src/main.ts`],
    environment,
    depends_on: AFTER_REDIS,
    healthcheck: nodeHealthcheck(config[kind].port, '/readyz'),
    ...more,
  });
  return {
    // What enable and disable said, and who registered, outlives the container.
    mesh: core('mesh', { volumes: [`mesh:${STATE_DIR}`] }),
    gateway: core('gateway', {
      ...memoryLimit(config.gateway.limits.memory),
      ports: [publishedPort(config.gateway)],
      tmpfs: ['/tmp', STATE_IN_MEMORY],
    }),
    channel: core('channel', {
      ...memoryLimit(config.channel.limits.memory),
      tmpfs: ['/tmp', STATE_IN_MEMORY],
    }),
  };
}

/** The most memory that a container may have, if that is set. */
export function memoryLimit(bytes: number | undefined): Service {
  return bytes === undefined ? {} : { mem_limit: bytes };
}

/** Asks a route with nothing but Node, because slim images have no curl. */
export function nodeHealthcheck(port: number, path: string): Service {
  const url = JSON.stringify(`http://127.0.0.1:${port}${path}`);
  // 404 is a plugin without a health route, which listens.
  const judge = '(r) => process.exit(r.statusCode < 300 || r.statusCode === 404 ? 0 : 1)';
  const script = `require('node:http').get(${url}, ${judge}).on('error', () => process.exit(1))`;
  return {
    test: ['CMD', 'node', '-e', literal(script)],
    interval: '5s',
    timeout: '3s',
    retries: 3,
    start_period: '10s',
  };
}

/** A range in PLUGMESH_PORT gives each of several gateways a port of its own. */
function publishedPort({ port }: ServiceAddress): string {
  return `127.0.0.1:\${PLUGMESH_PORT:-${port}}:${port}`;
}

/** What mesh, gateway and channel are told: the secret, where everything is, and what plugmesh.toml refers to. */
export function coreEnvironment(
  { file, gateway, channel, mesh }: Config,
  plugins: readonly Manifest[],
  references: readonly string[],
): Service {
  const services = Object.entries({ gateway, channel, mesh });
  const settings = [
    ['core.redis_url', redisUrl(MESH_USER, REDIS_PASSWORD)],
    ...services.map(([name]) => [`${name}.host`, '0.0.0.0']),
    ...services.map(([name, { port }]) => [`${name}.url`, `http://${name}:${port}`]),
    ...plugins.map((plugin) => [`plugins.${plugin.name}.url`, pluginUrl(plugin)]),
  ];
  return {
    [SECRET]: required(SECRET, RUN_INIT),
    // The image has every .toml beside its Dockerfile, and takes this one by itself.
    ...(file === undefined || basename(file) === USUAL_FILE ? {} : { PLUGMESH_FILE: basename(file) }),
    ...Object.fromEntries(settings.map(([key = '', value]) => [variableOf(key), value])),
    ...passedOn(references),
  };
}

/** Where a user of Redis reaches it; the password is in a variable. */
export function redisUrl(user: string, passwordVariable: string): string {
  return `redis://${user}:${required(passwordVariable, RUN_INIT)}@redis:6379`;
}

/** Where the others reach a plugin's container. */
export function pluginUrl({ name, port = PLUGIN_PORT }: Manifest): string {
  return `http://${name}:${port}`;
}
