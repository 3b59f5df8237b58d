import { loadSecrets, operatorToken, pluginToken } from '../identity/index.ts';
import { loadMeshConfig } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';

/** `plugmesh token`: credentials for whoever may read the state folder. */
export function token({ operands: [plugin], options }: CommandLine): Promise<number> {
  const secrets = loadSecrets(loadMeshConfig(options.config));
  process.stdout.write(`${plugin === undefined ? operatorToken(secrets) : pluginToken(secrets, plugin)}\n`);
  return Promise.resolve(0);
}
