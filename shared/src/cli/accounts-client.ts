import type { Config } from '../config/index.ts';
import { localOrigin } from '../processes/index.ts';
import { PluginClient } from './plugin-client.ts';

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

/** Talks to the plugin that keeps the accounts. */
export class AccountsClient {
  readonly #plugin: PluginClient;

  constructor(config: Config) {
    this.#plugin = new PluginClient(config, { id: config.gateway.accounts, purpose: 'users' });
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

  #call(method: string, path: string, body?: object): Promise<unknown> {
    return this.#plugin.call({ method, path, body });
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
