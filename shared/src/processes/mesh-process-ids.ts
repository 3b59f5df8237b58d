import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { pm2Home } from './pm2.ts';
import { isAlive, processesInFolder, processesWithEnvironment, variableOf } from './proc.ts';

/**
 * The processes of this mesh that are there now: pm2 and everything that it or one of its children has started, found by
 * the environment they were given, because some leave their parent. Redis writes its title over its environment; it is
 * found by the folder of its data.
 */
export function meshProcessIds(config: Config): number[] {
  const logs = processesWithEnvironment(`${config.stateDir}/logs/`);
  const pm2 = processesWithEnvironment(`PM2_HOME=${pm2Home(config)}\0`);
  const redis = processesInFolder(join(config.stateDir, 'redis'), /(redis|valkey)-server/);
  return [...new Set([...logs, ...pm2, ...redis])].filter((pid) => pid !== process.pid && isAlive(pid));
}

/** The plugins of this mesh with a process that is there now, each with the id of one. */
export function runningPlugins(config: Config): Map<string, number> {
  const found = meshProcessIds(config).map((pid) => [variableOf(pid, 'PLUGMESH_PLUGIN'), pid] as const);
  return new Map(found.flatMap(([plugin, pid]) => (plugin === undefined ? [] : [[plugin, pid] as const])));
}
