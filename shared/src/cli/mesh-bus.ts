import { createLog } from '../log/index.ts';
import type { Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { type MeshDocument, parseMeshDocument } from '../mesh-document/index.ts';
import { readPorts, redisUrlOf } from '../processes/index.ts';
import { MESH_KEY } from '../protocol/index.ts';
import { closeRedis, connectRedis, type RedisConnection, whenConnected } from '../redis/index.ts';

const PATIENCE_MS = 3_000;

/** What a command writes is for people; what a connection has to say goes nowhere. */
export const SILENT_LOG = createLog({ name: 'plugmesh', level: 'silent' });

/** Where the bus of this mesh is, as the mesh's own user. Throws MESH_NOT_RUNNING when no private Redis was ever started. */
export function busUrl(config: Config): string {
  const ports = readPorts(config);
  if (config.redisUrl === undefined && ports.redis === 0) throw noRedis('this mesh has never been started');
  return redisUrlOf(config, ports);
}

/** Does something with the mesh's Redis, and closes the connection. Rejects with MESH_NOT_RUNNING when it cannot be reached. */
export async function withRedis<T>(
  config: Config,
  action: (redis: RedisConnection) => Promise<T>,
): Promise<T> {
  const redis = connectRedis(busUrl(config), { name: 'cli', log: SILENT_LOG });
  try {
    if (!(await whenConnected(redis, PATIENCE_MS))) throw noRedis('its Redis cannot be reached');
    return await action(redis);
  } finally {
    await closeRedis(redis);
  }
}

/** The mesh document as gateway and channel follow it; undefined while there is none. */
export async function readDocument(redis: RedisConnection): Promise<MeshDocument | undefined> {
  const text = await redis.get(MESH_KEY);
  return text === null ? undefined : parseMeshDocument(text);
}

function noRedis(why: string): MeshError {
  return new MeshError('MESH_NOT_RUNNING', why, {
    fix: 'start it: ./plugmesh up; ./plugmesh doctor says what is wrong with it',
  });
}
