import type { Config } from '../config/index.ts';
import { ERROR_CODES, MeshError, type ErrorCode } from '../errors/index.ts';
import { loadSecrets, pluginToken } from '../identity/index.ts';
import { localOrigin } from '../processes/index.ts';
import { MeshClient } from './mesh-client.ts';

/** A user as the accounts plugin shows one to administrators. */
export interface UserView {
  readonly name: string;
  readonly roles: readonly string[];
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Where a password is chosen, below the plugin's prefix; once, until `linkEndsAt`. */
  readonly link?: string;
  readonly linkEndsAt?: number;
}

const TIMEOUT_MS = 10_000;

/**
 * Talks to the plugin that keeps the accounts with that plugin's own token, which only who may read the secret has. Not
 * through the gateway, which passes no such token on.
 */
export class AccountsClient {
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
  }

  async list(): Promise<readonly UserView[]> {
    const { users } = (await this.#call('GET', '/v1/users')) as { users: readonly UserView[] };
    return users;
  }

  async create(name: string, roles: readonly string[]): Promise<UserView> {
    return (await this.#call('POST', '/v1/users', { name, roles })) as UserView;
  }

  async setRoles(name: string, roles: readonly string[]): Promise<UserView> {
    return (await this.#call('PATCH', userPath(name), { roles })) as UserView;
  }

  async revoke(name: string): Promise<UserView> {
    return (await this.#call('POST', `${userPath(name)}/revoke`)) as UserView;
  }

  async reset(name: string): Promise<UserView> {
    return (await this.#call('POST', `${userPath(name)}/reset`)) as UserView;
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const { accounts } = this.#config.gateway;
    const url = await this.#instanceUrl(accounts);
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${pluginToken(loadSecrets(this.#config), accounts)}`,
        'content-type': 'application/json',
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = (await response.json()) as { code?: string; detail?: string; fix?: string };
    if (response.ok) return answer;
    const { code = '', detail = `it answered ${response.status}`, fix } = answer;
    const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'MESH_BAD_REQUEST';
    throw new MeshError(known, detail, fix === undefined ? {} : { fix });
  }

  async #instanceUrl(id: string): Promise<string> {
    const plugins = await new MeshClient(this.#config).plugins();
    const plugin = plugins.find((each) => each.id === id);
    const instance = plugin?.instances.find(({ state }) => state === 'ready');
    if (instance) return instance.url;
    throw new MeshError(
      'MESH_PLUGIN_UNAVAILABLE',
      `'${id}' is ${plugin?.state ?? 'not a plugin of this mesh'}`,
      {
        fix: "it keeps the users: see './plugmesh ps'",
      },
    );
  }
}

/** A one-time link as it is opened in a browser of this machine. */
export function linkUrl({ gateway, pluginSettings }: Config, link: string): string {
  const prefix = pluginSettings[gateway.accounts]?.path ?? `/api/${gateway.accounts}`;
  return `${localOrigin(gateway)}${prefix}/${link}`;
}

function userPath(name: string): string {
  return `/v1/users/${encodeURIComponent(name)}`;
}
