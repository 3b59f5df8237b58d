import type { Config } from '../config/index.ts';
import { ERROR_CODES, MeshError, type ErrorCode } from '../errors/index.ts';
import { loadSecrets, pluginToken } from '../identity/index.ts';
import { MeshClient } from './mesh-client.ts';

/** What is asked of a plugin. */
export interface PluginRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

/** Which plugin, and what it is for: told when it is not there. */
export interface AskedPlugin {
  readonly id: string;
  readonly purpose: string;
}

const TIMEOUT_MS = 10_000;

/**
 * Talks to a plugin of the mesh's own with that plugin's token, which only who may read the secret has. Not through the
 * gateway, which passes no such token on.
 */
export class PluginClient {
  readonly #config: Config;
  readonly #plugin: AskedPlugin;

  constructor(config: Config, plugin: AskedPlugin) {
    this.#config = config;
    this.#plugin = plugin;
  }

  /** Resolves to its answer, undefined for none. Rejects with what it refuses with, or MESH_PLUGIN_UNAVAILABLE. */
  async call({ method, path, body, timeoutMs = TIMEOUT_MS }: PluginRequest): Promise<unknown> {
    const url = await this.#instanceUrl();
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${pluginToken(loadSecrets(this.#config), this.#plugin.id)}`,
        'content-type': 'application/json',
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status === 204) return undefined;
    const answer = (await response.json()) as { code?: string; detail?: string; fix?: string };
    if (response.ok) return answer;
    const { code = '', detail = `it answered ${response.status}`, fix } = answer;
    const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'MESH_BAD_REQUEST';
    throw new MeshError(known, detail, fix === undefined ? {} : { fix });
  }

  async #instanceUrl(): Promise<string> {
    const { id, purpose } = this.#plugin;
    const plugins = await new MeshClient(this.#config).plugins();
    const plugin = plugins.find((each) => each.id === id);
    const instance = plugin?.instances.find(({ state }) => state === 'ready');
    if (instance) return instance.url;
    const how = plugin?.state ?? 'not a plugin of this mesh';
    throw new MeshError('MESH_PLUGIN_UNAVAILABLE', `'${id}' is ${how}`, {
      fix: `it keeps the ${purpose}: see './plugmesh ps'`,
    });
  }
}
