import type { Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { loadMeshConfig } from '../processes/index.ts';
import { AccountsClient, linkUrl, type UserView } from './accounts-client.ts';
import type { CommandLine, CommandOptions } from './command-line.ts';
import { print } from './report.ts';
import { table } from './table.ts';

/** What an action of `plugmesh user` works with. */
interface Work {
  readonly client: AccountsClient;
  readonly config: Config;
  readonly name: string;
  readonly options: CommandOptions;
}

/** What an action has found: for programs, and for people. */
interface Result {
  readonly value: unknown;
  readonly text: string;
}

const ACTIONS: Readonly<Record<string, (work: Work) => Promise<Result>>> = {
  list: async ({ client }) => {
    const users = await client.list();
    return { value: users, text: userTable(users) };
  },
  create: async ({ client, config, name, options }) =>
    withLink(config, await client.create(name, options.roles), 'can log in once a password is chosen'),
  roles: async ({ client, name, options }) => {
    const value = await client.setRoles(name, options.roles);
    const roles = value.roles.length === 0 ? 'no role' : value.roles.join(', ');
    return { value, text: `${name} has ${roles} now, and has to log in again` };
  },
  revoke: async ({ client, name }) => ({
    value: await client.revoke(name),
    text: `${name} is revoked: sessions, API keys and links have ended. './plugmesh user reset ${name}' lets them in again`,
  }),
  reset: async ({ client, config, name }) =>
    withLink(config, await client.reset(name), 'has no password any more, and no session'),
};

/** `plugmesh user`: who may log in. */
export async function user({ operands, options }: CommandLine): Promise<number> {
  const [action = 'list', name = '', ...more] = operands;
  const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (!act)
    throw new MeshError('MESH_USAGE', `'user' has ${Object.keys(ACTIONS).join(', ')}; not '${action}'`);
  if ((name === '') !== (action === 'list') || more.length > 0)
    throw new MeshError(
      'MESH_USAGE',
      `'user ${action}' needs ${action === 'list' ? 'nothing else' : 'one name'}`,
    );
  const config = loadMeshConfig(options.config);
  const { value, text } = await act({ client: new AccountsClient(config), config, name, options });
  print(options, value, text);
  return 0;
}

function withLink(config: Config, user: UserView, what: string): Result {
  const { name, link = '', linkEndsAt = 0 } = user;
  const url = linkUrl(config, link);
  const until = new Date(linkEndsAt).toISOString();
  return { value: { ...user, link: url }, text: `${name} ${what}: once, until ${until}, at\n  ${url}` };
}

function userTable(users: readonly UserView[]): string {
  const rows = users.map(({ name, state, roles, createdAt }) => [
    name,
    state,
    roles.join(',') || '-',
    new Date(createdAt).toISOString().slice(0, 10),
  ]);
  return table([['USER', 'STATE', 'ROLES', 'CREATED'], ...rows]);
}
