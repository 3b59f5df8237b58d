import { compose } from '../compose.ts';
import { init } from '../init.ts';
import type { Command } from './command.ts';

/** Run a mesh as containers. */
export const CONTAINERS: readonly (readonly [string, Command])[] = [
  [
    'init',
    {
      operands: [],
      options: ['json'],
      summary: 'write the secret and tokens that containers need into .env',
      details:
        'The secret is the one that this mesh already has, else a new one. What .env says otherwise stays as it is. Run it\n' +
        'again after a plugin was added, or after the secret was changed.',
      examples: ['./plugmesh init'],
      run: init,
    },
  ],
  [
    'compose',
    {
      operands: [],
      options: [],
      summary: 'print docker-compose.yml for the enabled plugins',
      details:
        'It follows from plugmesh.toml and the manifests alone, and holds no secret. A plugin that cannot be a container is\n' +
        'left out, which is said on standard error.',
      examples: ['./plugmesh compose >docker-compose.yml', './plugmesh compose | docker-compose -f - config'],
      run: compose,
    },
  ],
];
