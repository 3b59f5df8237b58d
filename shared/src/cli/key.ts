import { MeshError } from '../errors/index.ts';
import { parseDuration } from '../manifest/index.ts';
import { loadMeshConfig } from '../processes/index.ts';
import { AccountsClient, type KeyView } from './accounts-client.ts';
import type { CommandLine, CommandOptions } from './command-line.ts';
import { print } from './report.ts';
import { table } from './table.ts';

/** What an action of `plugmesh key` works with. */
interface Work {
  readonly client: AccountsClient;
  readonly user: string;
  readonly prefix: string;
  readonly options: CommandOptions;
}

interface Action {
  /** What follows the action, for the message when something else did. */
  readonly operands: readonly string[];
  run(work: Work): Promise<void>;
}

const DAY_MS = 86_400_000;

const ACTIONS: Readonly<Record<string, Action>> = {
  list: {
    operands: ['USER'],
    run: async ({ client, user, options }) => {
      const keys = await client.keys(user);
      print(options, keys, keyTable(keys));
    },
  },
  create: {
    operands: ['USER'],
    run: async ({ client, user, options }) => {
      const made = await client.createKey(user, wishOf(options));
      // Alone on stdout, so that it can be piped; it is shown never again.
      print(options, made, made.key ?? '');
      const until = made.endsAt === null ? 'it is revoked' : new Date(made.endsAt).toISOString();
      if (!options.json)
        process.stderr.write(
          `${made.prefix} opens ${made.guards.join(', ')} at ${made.plugins.join(', ')} as ${user}, until ${until}\n`,
        );
    },
  },
  revoke: {
    operands: ['USER', 'PREFIX'],
    run: async ({ client, user, prefix, options }) => {
      await client.revokeKey(user, prefix);
      print(
        options,
        { user, prefix, revoked: true },
        `${prefix} of ${user} is revoked: what it opened is cut`,
      );
    },
  },
};

/** `plugmesh key`: the API keys of users. */
export async function key({ operands, options }: CommandLine): Promise<number> {
  const [name = '', user = '', prefix = ''] = operands;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action)
    throw new MeshError('MESH_USAGE', `'key' has ${Object.keys(ACTIONS).join(', ')}; not '${name}'`);
  if (operands.length !== action.operands.length + 1)
    throw new MeshError('MESH_USAGE', `'key ${name}' needs ${action.operands.join(' and ')}`);
  const client = new AccountsClient(loadMeshConfig(options.config));
  await action.run({ client, user, prefix, options });
  return 0;
}

function wishOf({ name, guards, plugins, expires }: CommandOptions) {
  return {
    name: name ?? 'made at the command line',
    guards: guards.length === 0 ? ['key'] : guards,
    plugins: plugins.length === 0 ? ['*'] : plugins,
    days: expires === undefined ? null : daysOf(expires),
  };
}

/** Keys end by the day. */
function daysOf(text: string): number {
  const ms = parseDuration(text) ?? 0;
  if (ms >= DAY_MS && ms % DAY_MS === 0) return ms / DAY_MS;
  throw new MeshError('MESH_USAGE', `'--expires' is '${text}'`, { fix: 'give whole days: --expires 30d' });
}

function keyTable(keys: readonly KeyView[]): string {
  const day = (at: number | null): string => (at === null ? '-' : new Date(at).toISOString().slice(0, 10));
  const rows = keys.map(({ prefix, name, guards, plugins, createdAt, endsAt, lastUsedAt }) => [
    prefix,
    guards.join(','),
    plugins.join(','),
    day(createdAt),
    day(endsAt),
    day(lastUsedAt),
    name,
  ]);
  return table([['KEY', 'GUARDS', 'PLUGINS', 'MADE', 'ENDS', 'USED', 'NAME'], ...rows]);
}
