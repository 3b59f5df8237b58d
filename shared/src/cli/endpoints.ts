import { MeshError } from '../errors/index.ts';
import { loadMeshConfig } from '../processes/index.ts';
import type { CommandLine } from './command-line.ts';
import { PluginClient } from './plugin-client.ts';
import { EXIT, print } from './report.ts';

/** What a rotation has done. */
interface RotationView {
  /** Id of the key. */
  readonly key: string;
  readonly connections: number;
  readonly unreadable: number;
}

const TIMEOUT_MS = 600_000;

/** `plugmesh endpoints rotate`: puts stored credentials under another key. */
export async function endpoints({ operands, options }: CommandLine): Promise<number> {
  if (operands.join(' ') !== 'rotate')
    throw new MeshError('MESH_USAGE', `'endpoints' has the action 'rotate', not '${operands.join(' ')}'`);
  const plugin = { id: 'endpoints', purpose: 'credentials' };
  const client = new PluginClient(loadMeshConfig(options.config), plugin);
  const request = { method: 'POST', path: '/v1/keys/rotate', timeoutMs: TIMEOUT_MS };
  const done = (await client.call(request)) as RotationView;
  print(options, done, textOf(done));
  return done.unreadable === 0 ? EXIT.done : EXIT.failed;
}

function textOf({ key, connections, unreadable }: RotationView): string {
  const text = `under the key '${key}' now: ${connections} ${connections === 1 ? 'connection' : 'connections'}`;
  if (unreadable === 0) return text;
  return `${text}; ${unreadable} cannot be decrypted: their key is gone, and they have to be made again`;
}
