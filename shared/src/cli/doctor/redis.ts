import { execFileSync } from 'node:child_process';
import { type Config, masked, processEnvironment } from '../../config/index.ts';
import {
  findRedisServer,
  listeningPorts,
  programPath,
  readPorts,
  redisUrlOf,
  satisfies,
  usersRefused,
} from '../../processes/index.ts';
import { closeRedis, connectRedis, type RedisConnection, whenConnected } from '../../redis/index.ts';
import { SILENT_LOG } from '../mesh-bus.ts';
import { fine, type Finding, warning, wrong } from './finding.ts';

const LEAST = '7.0';
const PATIENCE_MS = 3_000;
const NEWER = `install Redis ${LEAST} or newer, or Valkey: durable topics and users for plugins need it`;

/** The Redis that is configured, or the one that the mesh starts for itself. */
export async function checkRedis(config: Config): Promise<Finding[]> {
  const ports = readPorts(config);
  const isPrivate = config.redisUrl === undefined;
  if (isPrivate) {
    const program = checkServerProgram();
    if (program.level !== 'ok' || !listeningPorts().has(ports.redis)) return [program];
  }
  const url = redisUrlOf(config, ports);
  const redis = connectRedis(url, { name: 'doctor', log: SILENT_LOG });
  try {
    if (!(await whenConnected(redis, PATIENCE_MS))) return [unreachable(url, isPrivate)];
    return [
      await checkVersion(redis, url),
      ...(await checkPersistence(redis)),
      await checkUsers(redis, config),
    ];
  } finally {
    await closeRedis(redis);
  }
}

function checkServerProgram(): Finding {
  const program = findRedisServer(programPath(processEnvironment()));
  if (program === undefined)
    return wrong(
      'redis',
      'neither redis-server nor valkey-server is on PATH',
      'install one (Debian: apt-get install redis-server), or set REDIS_URL',
    );
  const version = /v=(\d+\.\d+\.\d+)/.exec(execFileSync(program, ['--version']).toString())?.[1] ?? '0';
  return satisfies(version, LEAST)
    ? fine('redis', `${program} ${version}, started by the mesh for itself`)
    : wrong('redis', `${program} is ${version}`, NEWER);
}

function unreachable(url: string, isPrivate: boolean): Finding {
  const where = String(masked('url', url));
  return wrong(
    'redis',
    `nothing that lets us in answers at ${where}`,
    isPrivate ? './plugmesh logs redis says why' : 'start it, or correct core.redis_url or REDIS_URL',
  );
}

async function checkVersion(redis: RedisConnection, url: string): Promise<Finding> {
  const info = await redis.info('server').catch(() => '');
  // Valkey calls the version of Redis that it is like `redis_version`.
  const version = /^redis_version:(\S+)/m.exec(info)?.[1];
  if (version === undefined)
    return warning('redis', 'it does not tell its version', `see that it is ${LEAST} or newer`);
  return satisfies(version, LEAST)
    ? fine('redis', `${version} answers at ${String(masked('url', url))}`)
    : wrong('redis', `it is ${version}`, NEWER);
}

/** Hosted ones do not tell: then it is the host's affair. */
async function checkPersistence(redis: RedisConnection): Promise<Finding[]> {
  const answer = await redis.config('GET', 'appendonly').catch(() => undefined);
  if (answer === undefined) return [];
  const [, value] = answer;
  return value === 'yes'
    ? [fine('redis persistence', 'it writes an append-only file')]
    : [
        warning(
          'redis persistence',
          'it keeps durable topics in memory alone',
          'set appendonly yes in its configuration',
        ),
      ];
}

async function checkUsers(redis: RedisConnection, config: Config): Promise<Finding> {
  const refused = usersRefused(config);
  const fix = 'let it make users (ACL SETUSER), or trust your plugins with everything in it';
  if (refused !== undefined) return warning('redis users', `it makes none for plugins: ${refused}`, fix);
  const list = await redis.acl('LIST').catch(() => undefined);
  if (list === undefined) return warning('redis users', 'it makes none for plugins', fix);
  const isOpen = list.some((user) => /^user default on nopass\b.*[+]@all/.test(user));
  return isOpen
    ? warning('redis users', 'whoever reaches it may do everything: the user default has no password', fix)
    : fine('redis users', 'each plugin has its own');
}
