import { call } from '../call.ts';
import { pub } from '../pub.ts';
import { sub } from '../sub.ts';
import type { Command } from './command.ts';

/** Take part in what a mesh does. */
export const TRYING: readonly (readonly [string, Command])[] = [
  [
    'call',
    {
      operands: ['TARGET', '[PATH]'],
      options: ['method', 'data', 'header', 'as', 'key', 'json'],
      summary: 'send a request through the gateway',
      details:
        'TARGET is a plugin, PATH what follows its prefix; or TARGET is a whole path, from its slash on.\n' +
        'The body goes to stdout as it comes, the status and what is wrong to stderr; the exit code is 1 from 400 on. With --json\n' +
        'one object: status, headers, body. DATA is text, @FILE, or - for stdin. WHO is anonymous (the default), key (--key, or\n' +
        'better PLUGMESH_KEY in the environment), plugin:<id> with the token of that plugin, or operator, for /mesh/* and\n' +
        '/metrics alone: no plugin takes the operator for a user.',
      examples: [
        './plugmesh call system /net',
        './plugmesh call accounts /v1/login -d @login.json',
        './plugmesh call /metrics --as operator',
        'PLUGMESH_KEY=$(./plugmesh key create ada) ./plugmesh call accounts /v1/session --as key',
      ],
      run: call,
    },
  ],
  [
    'pub',
    {
      operands: ['TOPIC', 'EVENT', '[PAYLOAD]'],
      options: ['durable', 'key', 'from', 'json'],
      summary: 'publish a message on the bus',
      details:
        'PAYLOAD is a JSON object or array ({}); - reads it from stdin. Says how many heard it, and warns when no rule names the\n' +
        'topic. --durable publishes to a topic with history; with the same --key a second time nothing more is kept. --from\n' +
        "publishes it as a browser's push would arrive, to try what plugins do with one.",
      examples: [
        `./plugmesh pub weather:paris update '{"t": 21}'`,
        `./plugmesh pub news said '{"text": "hello"}' --durable --key 2024-05-01`,
        './plugmesh pub system echo --from',
      ],
      run: pub,
    },
  ],
  [
    'sub',
    {
      operands: ['[PATTERN…]'],
      options: ['lines', 'json'],
      summary: 'show what passes on the bus',
      details:
        'PATTERN is a topic with its event, * stands for anything: weather:*. Both directions are shown, to browsers and from\n' +
        'them; to: or from: before a pattern means one. It goes on until Ctrl-C or COUNT messages, through restarts of Redis;\n' +
        'with --json each message is an object of its own.',
      examples: ['./plugmesh sub', "./plugmesh sub 'weather:*'", "./plugmesh sub 'from:*' --json -n 1"],
      run: sub,
    },
  ],
];
