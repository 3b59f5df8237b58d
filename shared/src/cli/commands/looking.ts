import { config } from '../config.ts';
import { doctor } from '../doctor/doctor.ts';
import { logs } from '../logs.ts';
import { ps } from '../ps.ts';
import { routes } from '../routes.ts';
import type { Command } from './command.ts';

/** Look at a mesh, its settings and its machine. */
export const LOOKING: readonly (readonly [string, Command])[] = [
  [
    'ps',
    {
      operands: [],
      options: ['json'],
      summary: 'show the plugins and processes of the running mesh',
      details: 'One row per plugin and one per process; with --json everything that mesh knows.',
      examples: ['./plugmesh ps', './plugmesh ps --json'],
      run: ps,
    },
  ],
  [
    'logs',
    {
      operands: ['[NAME…]'],
      options: ['follow', 'lines', 'json'],
      summary: 'show the last lines that processes have written',
      details:
        'Without names: all of them. -f goes on with what they write from now on; -n says how many lines (20). With --json\n' +
        'each line is an object of its own.',
      examples: [
        './plugmesh logs',
        './plugmesh logs gateway system -f',
        './plugmesh logs system -n 100',
        './plugmesh logs --json | jq -r .line',
      ],
      run: logs,
    },
  ],
  [
    'routes',
    {
      operands: ['[PLUGIN…]'],
      options: ['json'],
      summary: 'show what leads where in the running mesh, and who may pass',
      details:
        'One row per rule and prefix, in the order in which rules are looked at: the path, its methods, its guard, the plugin,\n' +
        "plugins whose own calls pass, and limits that are not the usual ones. A plugin's last row is what holds for the rest.",
      examples: ['./plugmesh routes', './plugmesh routes accounts', './plugmesh routes --json | jq .[].path'],
      run: routes,
    },
  ],
  [
    'config',
    {
      operands: ['explain', '[NAME]'],
      options: ['json'],
      summary: 'show what each setting is, and who said so',
      details:
        'NAME is a plugin, a section or a setting; without it, all.\n' +
        'For each setting its value and where that came from: the default, a manifest, plugmesh.toml, .env, .env.local, the\n' +
        'environment, or enable and disable. Of a plugin also where it is served and started. Secrets are not shown; what a\n' +
        'plugin is given as ${NAME} is shown like that.',
      examples: [
        './plugmesh config explain',
        './plugmesh config explain system',
        './plugmesh config explain gateway.limits',
        './plugmesh config explain core.redis_url --json',
      ],
      run: config,
    },
  ],
  [
    'doctor',
    {
      operands: [],
      options: ['json'],
      summary: 'say what is wrong with the machine, the files or the mesh',
      details:
        'Looks at Node and npm packages, the configuration and manifests, Redis, ports, the state folder, disk, what an earlier\n' +
        'run has left, and the mesh if it runs. ✔ is well, ! could be better, ✖ does not work: then the exit code is 1. It\n' +
        'changes nothing.',
      examples: ['./plugmesh doctor', './plugmesh doctor --json | jq \'.[] | select(.level != "ok")\''],
      run: doctor,
    },
  ],
];
