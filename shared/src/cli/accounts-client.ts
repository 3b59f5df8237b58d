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

/** An API key as its owner sees it. */
export interface KeyView {
  readonly prefix: string;
  readonly name: string;
  readonly guards: readonly string[];
  readonly plugins: readonly string[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly endsAt: number | null;
  readonly lastUsedAt: number | null;
  /** The key itself, once. */
  readonly key?: string;
}

/** What a key is to be. */
export type KeyWish = Pick<KeyView, 'name' | 'guards' | 'plugins'> & {
  /** How many days it lasts; null: until it is revoked. */
  readonly days: number | null;
};

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

  async keys(name: string): Promise<readonly KeyView[]> {
    const { keys } = (await this.#call('GET', `${userPath(name)}/keys`)) as { keys: readonly KeyView[] };
    return keys;
  }

  async createKey(name: string, wish: KeyWish): Promise<KeyView> {
    return (await this.#call('POST', `${userPath(name)}/keys`, wish)) as KeyView;
  }

  async revokeKey(name: string, prefix: string): Promise<void> {
    await this.#call('DELETE', `${userPath(name)}/keys/${encodeURIComponent(prefix)}`);
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
    if (response.status === 204) return undefined;
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
