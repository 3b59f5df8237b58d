import { endpoints } from '../endpoints.ts';
import { key } from '../key.ts';
import { redis } from '../redis.ts';
import { token } from '../token.ts';
import { user } from '../user.ts';
import type { Command } from './command.ts';

/** Say who may come in, and as what. */
export const ACCESS: readonly (readonly [string, Command])[] = [
  [
    'user',
    {
      operands: ['[ACTION]', '[NAME]'],
      options: ['role', 'json'],
      summary: 'say who may log in',
      details:
        'ACTION is list, create, roles, revoke or reset. create makes a user and prints a link by which they choose a password, once. roles gives a user the roles that\n' +
        '--role names, and no others; admin is the one for administrators. revoke ends all that a user has: sessions, API\n' +
        'keys, links. reset forgets the password and prints a new link; it also lets in again who was revoked.',
      examples: [
        './plugmesh user list',
        './plugmesh user create ada --role admin',
        './plugmesh user roles ada --role crew --role pilot',
        './plugmesh user revoke ada',
        './plugmesh user reset ada',
      ],
      run: user,
    },
  ],
  [
    'key',
    {
      operands: ['ACTION', 'USER', '[PREFIX]'],
      options: ['guard', 'plugin', 'expires', 'name', 'json'],
      summary: 'make, list and revoke API keys of a user',
      details:
        'ACTION is list, create or revoke. create prints the key alone, and never again: it opens routes with the GUARDs (key,\n' +
        'session, admin; by default key) at the PLUGINs (all) as that user, until it is revoked or for so many days (30d).\n' +
        'revoke takes the PREFIX that list shows, and cuts what the key has opened.',
      examples: [
        './plugmesh key list ada',
        './plugmesh key create ada --guard session --plugin weather --expires 30d --name "the scale in the harbour"',
        'export PLUGMESH_KEY=$(./plugmesh key create ada)',
        './plugmesh key revoke ada 0123456789',
      ],
      run: key,
    },
  ],
  [
    'endpoints',
    {
      operands: ['ACTION'],
      options: ['json'],
      summary: 'put stored credentials under another key',
      details:
        'ACTION is rotate: what users have given to connect to endpoints is encrypted anew, under a key that is made for it, or\n' +
        'under the first of encryption_keys in [plugins.endpoints.config]. Nothing stops meanwhile; one that was cut off is\n' +
        'finished by running it again.',
      examples: ['./plugmesh endpoints rotate'],
      run: endpoints,
    },
  ],
  [
    'token',
    {
      operands: ['[PLUGIN]'],
      options: ['json'],
      summary: "print the operator's token, or a plugin's",
      details:
        "The operator's token opens /mesh/* and /metrics; a plugin's is what its process is given as PLUGMESH_TOKEN, for\n" +
        'one that is started elsewhere and registers itself. Both follow from the secret in the state folder.',
      examples: [
        'curl -H "Authorization: Bearer $(./plugmesh token)" localhost:2345/metrics',
        './plugmesh token ships',
      ],
      run: token,
    },
  ],
  [
    'redis',
    {
      operands: ['[PLUGIN]'],
      options: ['json'],
      summary: 'print the URL of Redis, as the mesh or as a plugin',
      details:
        "The mesh's own user may do everything; a plugin's is what its process is given as REDIS_URL, for one that is started\n" +
        'elsewhere. The passwords follow from the secret in the state folder, but for that of a Redis of your own.',
      examples: ['redis-cli -u "$(./plugmesh redis)"', './plugmesh redis ships'],
      run: redis,
    },
  ],
];
