import { findManifests } from '../manifest/index.ts';
import { loadMeshConfig, meshPorts, redisUrlOf, redisUrlOfPlugin } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';
import { print } from './report.ts';

/** `plugmesh redis`: where Redis is, with the password, for whoever may read the state folder. */
export function redis({ operands: [plugin], options }: CommandLine): Promise<number> {
  const config = loadMeshConfig(options.config);
  const ports = meshPorts(config, findManifests(config));
  const url = plugin === undefined ? redisUrlOf(config, ports) : redisUrlOfPlugin(config, ports, plugin);
  print(options, { url }, url);
  return Promise.resolve(0);
}
