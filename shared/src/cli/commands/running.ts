import { down } from '../down.ts';
import { reload } from '../reload.ts';
import { setEnabled } from '../set-enabled.ts';
import { up } from '../up.ts';
import type { Command } from './command.ts';

/** Start, stop and change a mesh. */
export const RUNNING: readonly (readonly [string, Command])[] = [
  [
    'up',
    {
      operands: [],
      options: ['watch'],
      summary: 'start the whole mesh and stay until Ctrl-C',
      details:
        'Checks the configuration and every manifest, starts Redis (unless REDIS_URL is set), mesh, gateway, channel and\n' +
        'the plugins, sets up in the background those that need it, and shows how each one is. With --watch a plugin is\n' +
        'reloaded when one of its source files changes. Ctrl-C, SIGTERM or closing the terminal stops everything; a\n' +
        'second Ctrl-C kills.',
      examples: ['./plugmesh up', './plugmesh up --watch', './plugmesh up --config staging.toml'],
      run: up,
    },
  ],
  [
    'down',
    {
      operands: [],
      options: ['json'],
      summary: 'stop a mesh that runs in another terminal, or what is left of one',
      details: 'Does what Ctrl-C does there, and ends processes that a killed mesh has left behind.',
      examples: ['./plugmesh down'],
      run: down,
    },
  ],
  [
    'enable',
    {
      operands: ['PLUGIN'],
      options: ['json'],
      summary: 'enable a plugin of the running mesh',
      details: 'Remembered in the state folder, above plugmesh.toml.',
      examples: ['./plugmesh enable system'],
      run: (line) => setEnabled(line, true),
    },
  ],
  [
    'disable',
    {
      operands: ['PLUGIN'],
      options: ['json'],
      summary: 'disable a plugin of the running mesh',
      details:
        'Its process stops and its routes answer 503. Remembered in the state folder, above plugmesh.toml.',
      examples: ['./plugmesh disable system'],
      run: (line) => setEnabled(line, false),
    },
  ],
  [
    'reload',
    {
      operands: ['PLUGIN…'],
      options: ['json'],
      summary: 'replace what runs of a plugin, without a failed request',
      details:
        'Runs its setup if its sources have changed, starts the next generation beside the one that runs, waits until it\n' +
        'is ready, moves the routes over and stops the old one. One that does not get ready leaves the old one serving.\n' +
        'Requests that take longer than gateway.limits.drain, and WebSockets to the plugin, are cut then.',
      examples: ['./plugmesh reload system', './plugmesh reload hello-go hello-rust'],
      run: reload,
    },
  ],
];
