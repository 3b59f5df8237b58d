import { check } from '../check.ts';
import { createPlugin } from '../new.ts';
import { sdk } from '../sdk.ts';
import { test } from '../test.ts';
import type { Command } from './command.ts';

/** Write plugins and try them. */
export const WRITING: readonly (readonly [string, Command])[] = [
  [
    'new',
    {
      operands: ['[NAME]'],
      options: ['lang', 'kind', 'json'],
      summary: 'write a small plugin that runs',
      details:
        'LANGUAGE is ts, js, python, go or rust. KIND is route (the default), service or middleware. The folder services/NAME gets a\n' +
        'manifest, the program, a test and a README, and never takes the place of something. A mesh that runs starts it. On\n' +
        'a terminal what is missing is asked for.',
      examples: [
        './plugmesh new',
        './plugmesh new ships --lang ts',
        './plugmesh new fleet --lang python --kind service',
      ],
      run: createPlugin,
    },
  ],
  [
    'check',
    {
      operands: ['TARGET'],
      options: ['level', 'manifest', 'json'],
      summary: 'check a plugin: its manifest, and from outside what it does',
      details:
        "TARGET is a plugin's folder: every problem of its plugin.json with the line, then the plugin is set up and started as\n" +
        'the mesh does, in any language, with a Redis of its own, and tried. Or it is the URL of a plugin that runs: what can\n' +
        'be seen of it, with --manifest FILE held against that plugin.json. The last lines say the level that it reaches (docs/reference/\n' +
        'conformance.md) and what the next one takes. 1 is answered when a check has failed, or --level was not reached.',
      examples: [
        './plugmesh check services/system',
        './plugmesh check services/ships --level 2',
        './plugmesh check http://127.0.0.1:8001 --json',
      ],
      run: check,
    },
  ],
  [
    'sdk',
    {
      operands: ['[FOLDER]'],
      options: ['json'],
      summary: 'pack the TypeScript library for plugins outside this folder',
      details:
        'Writes plugmesh-sdk-VERSION.tgz into FOLDER, here by default: JavaScript and declarations, for npm install.',
      examples: ['./plugmesh sdk /tmp', 'npm install /tmp/plugmesh-sdk-0.1.0.tgz'],
      run: sdk,
    },
  ],
  [
    'test',
    {
      operands: ['[FILE…]'],
      options: [],
      summary: 'run every test of plugmesh, or those in FILE',
      details: 'Formatting, lint, types and all tests in one run; the last line says `N passed, N failed`.',
      examples: ['./plugmesh test', "./plugmesh test 'channel/test/unit/**/*.test.ts'"],
      run: test,
    },
  ],
];
