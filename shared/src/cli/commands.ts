import { call } from './call.ts';
import { check } from './check.ts';
import type { CommandLine } from './command-line.ts';
import { compose } from './compose.ts';
import { config } from './config.ts';
import { doctor } from './doctor/doctor.ts';
import { down } from './down.ts';
import { init } from './init.ts';
import { key } from './key.ts';
import { logs } from './logs.ts';
import { createPlugin } from './new.ts';
import { ps } from './ps.ts';
import { pub } from './pub.ts';
import { redis } from './redis.ts';
import { reload } from './reload.ts';
import { routes } from './routes.ts';
import { sdk } from './sdk.ts';
import { setEnabled } from './set-enabled.ts';
import { sub } from './sub.ts';
import { test } from './test.ts';
import { token } from './token.ts';
import { up } from './up.ts';
import { user } from './user.ts';

/** A command of `plugmesh`. */
export interface Command {
  /** What follows its name. */
  readonly usage: string;
  readonly summary: string;
  readonly details: string;
  readonly examples: readonly string[];
  /** Resolves to the exit code. */
  run(line: CommandLine): Promise<number>;
}

/** Every command, in the order of the help. `docs/reference/cli.md` has the same rows; a test compares both. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    'up',
    {
      usage: '[--config FILE] [--watch] [--yes]',
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
      usage: '[--config FILE] [--json]',
      summary: 'stop a mesh that runs in another terminal, or what is left of one',
      details: 'Does what Ctrl-C does there, and ends processes that a killed mesh has left behind.',
      examples: ['./plugmesh down'],
      run: down,
    },
  ],
  [
    'ps',
    {
      usage: '[--json] [--config FILE]',
      summary: 'show the plugins and processes of the running mesh',
      details: 'One row per plugin and one per process; with --json everything that mesh knows.',
      examples: ['./plugmesh ps', './plugmesh ps --json'],
      run: ps,
    },
  ],
  [
    'logs',
    {
      usage: '[NAME…] [-f] [-n LINES] [--json]',
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
      usage: '[PLUGIN…] [--json]',
      summary: 'show what leads where in the running mesh, and who may pass',
      details:
        'One row per rule and prefix, in the order in which rules are looked at: the path, its methods, its guard, the plugin,\n' +
        "plugins whose own calls pass, and limits that are not the usual ones. A plugin's last row is what holds for the rest.",
      examples: ['./plugmesh routes', './plugmesh routes accounts', './plugmesh routes --json | jq .[].path'],
      run: routes,
    },
  ],
  [
    'call',
    {
      usage: 'TARGET [PATH] [-X METHOD] [-d DATA] [-H HEADER]… [--as WHO] [--key KEY] [--json]',
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
      usage: 'TOPIC EVENT [PAYLOAD] [--durable [--key KEY]] [--from] [--json]',
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
      usage: '[PATTERN…] [-n COUNT] [--json]',
      summary: 'show what passes on the bus',
      details:
        'PATTERN is a topic with its event, * stands for anything: weather:*. Both directions are shown, to browsers and from\n' +
        'them; to: or from: before a pattern means one. It goes on until Ctrl-C or COUNT messages, through restarts of Redis;\n' +
        'with --json each message is an object of its own.',
      examples: ['./plugmesh sub', "./plugmesh sub 'weather:*'", "./plugmesh sub 'from:*' --json -n 1"],
      run: sub,
    },
  ],
  [
    'enable',
    {
      usage: 'PLUGIN [--json]',
      summary: 'enable a plugin of the running mesh',
      details: 'Remembered in the state folder, above plugmesh.toml.',
      examples: ['./plugmesh enable system'],
      run: (line) => setEnabled(line, true),
    },
  ],
  [
    'disable',
    {
      usage: 'PLUGIN [--json]',
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
      usage: 'PLUGIN… [--json]',
      summary: 'replace what runs of a plugin, without a failed request',
      details:
        'Runs its setup if its sources have changed, starts the next generation beside the one that runs, waits until it\n' +
        'is ready, moves the routes over and stops the old one. One that does not get ready leaves the old one serving.\n' +
        'Requests that take longer than gateway.limits.drain, and WebSockets to the plugin, are cut then.',
      examples: ['./plugmesh reload system', './plugmesh reload hello-go hello-rust'],
      run: reload,
    },
  ],
  [
    'new',
    {
      usage: '[NAME] [--lang LANGUAGE] [--kind KIND] [--json]',
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
      usage: 'TARGET [--level N] [--json]',
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
    'config',
    {
      usage: 'explain [NAME] [--json]',
      summary: 'show what each setting is, and who said so',
      details:
        'NAME is a plugin, a section or a setting; without it, all.\n' +
        'For each setting its value and where that came from: the default, a manifest, plugmesh.toml, .env, .env.local, the\n' +
        'environment, or enable and disable. Of a plugin also where it is served and started. Secrets are not shown.',
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
      usage: '[--json]',
      summary: 'say what is wrong with the machine, the files or the mesh',
      details:
        'Looks at Node and npm packages, the configuration and manifests, Redis, ports, the state folder, disk, what an earlier\n' +
        'run has left, and the mesh if it runs. ✔ is well, ! could be better, ✖ does not work: then the exit code is 1. It\n' +
        'changes nothing.',
      examples: ['./plugmesh doctor', './plugmesh doctor --json | jq \'.[] | select(.level != "ok")\''],
      run: doctor,
    },
  ],
  [
    'user',
    {
      usage: 'ACTION [NAME] [--role ROLE]… [--json]',
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
      usage:
        'ACTION USER [PREFIX] [--guard GUARD]… [--plugin PLUGIN]… [--expires DAYS] [--name NAME] [--json]',
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
    'token',
    {
      usage: '[PLUGIN] [--json]',
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
      usage: '[PLUGIN] [--json]',
      summary: 'print the URL of Redis, as the mesh or as a plugin',
      details:
        "The mesh's own user may do everything; a plugin's is what its process is given as REDIS_URL, for one that is started\n" +
        'elsewhere. The passwords follow from the secret in the state folder, but for that of a Redis of your own.',
      examples: ['redis-cli -u "$(./plugmesh redis)"', './plugmesh redis ships'],
      run: redis,
    },
  ],
  [
    'init',
    {
      usage: '[--config FILE] [--json]',
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
      usage: '[--config FILE]',
      summary: 'print docker-compose.yml for the enabled plugins',
      details:
        'It follows from plugmesh.toml and the manifests alone, and holds no secret. A plugin that cannot be a container is\n' +
        'left out, which is said on standard error.',
      examples: ['./plugmesh compose >docker-compose.yml', './plugmesh compose | docker-compose -f - config'],
      run: compose,
    },
  ],
  [
    'sdk',
    {
      usage: '[FOLDER] [--json]',
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
      usage: '[FILE…]',
      summary: 'run every test of plugmesh, or those in FILE',
      details: 'Formatting, lint, types and all tests in one run; the last line says `N passed, N failed`.',
      examples: ['./plugmesh test', "./plugmesh test 'channel/test/unit/**/*.test.ts'"],
      run: test,
    },
  ],
]);
