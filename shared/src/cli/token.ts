import { loadSecrets, operatorToken, pluginToken } from '../identity/index.ts';
import { loadMeshConfig } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';
import { print } from './report.ts';

/** `plugmesh token`: credentials for whoever may read the state folder. */
export function token({ operands: [plugin], options }: CommandLine): Promise<number> {
  const secrets = loadSecrets(loadMeshConfig(options.config));
  const shown = plugin === undefined ? operatorToken(secrets) : pluginToken(secrets, plugin);
  print(options, { token: shown }, shown);
  return Promise.resolve(0);
}
