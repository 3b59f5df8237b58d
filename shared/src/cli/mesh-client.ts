import type { Config } from '../config/index.ts';
import { ERROR_CODES, type ErrorCode, MeshError } from '../errors/index.ts';
import { loadSecrets, operatorToken } from '../identity/index.ts';
import type { Instance, MeshPlugin } from '../mesh-document/index.ts';
import { localOrigin } from '../processes/index.ts';

/** A plugin as the operator sees it at `/mesh/plugins`. */
export interface PluginView extends Pick<MeshPlugin, 'id' | 'state' | 'reason' | 'language' | 'enabled'> {
  readonly guard: string;
  readonly prefix: string;
  readonly instances: readonly Instance[];
}

/** A process as the operator sees it at `/mesh/status`. */
export interface ProcessView {
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly pid?: number;
  readonly restarts?: number;
  readonly memoryBytes?: number;
  readonly cpuPercent?: number;
  readonly uptimeMs?: number;
}

/** What a reload came to. */
export interface ReloadView {
  readonly id: string;
  readonly how: 'generation' | 'restart' | 'start';
  readonly generation?: number;
  readonly readyMs?: number;
}

/** The mesh as a whole. */
export interface StatusView {
  readonly state: string;
  readonly version: number;
  readonly mode: string;
  readonly redis: { readonly connected: boolean };
  readonly processes: readonly ProcessView[];
}

const TIMEOUT_MS = 10_000;
/** A reload may build first. */
const RELOAD_TIMEOUT_MS = 15 * 60_000;

/** Talks to the control process of a mesh as its operator. */
export class MeshClient {
  readonly #origin: string;
  readonly #token: string;

  constructor(config: Config) {
    this.#origin = config.mesh.url ?? localOrigin(config.mesh);
    this.#token = operatorToken(loadSecrets(config));
  }

  async plugins(): Promise<readonly PluginView[]> {
    const { plugins } = (await this.#call('GET', '/mesh/plugins')) as { plugins: readonly PluginView[] };
    return plugins;
  }

  async status(): Promise<StatusView> {
    return (await this.#call('GET', '/mesh/status')) as StatusView;
  }

  async setEnabled(id: string, enabled: boolean): Promise<void> {
    await this.#call('POST', `/mesh/plugins/${encodeURIComponent(id)}/${enabled ? 'enable' : 'disable'}`);
  }

  async reload(id: string): Promise<ReloadView> {
    return (await this.#call(
      'POST',
      `/mesh/plugins/${encodeURIComponent(id)}/reload`,
      RELOAD_TIMEOUT_MS,
    )) as ReloadView;
  }

  async #call(method: string, path: string, timeoutMs = TIMEOUT_MS): Promise<unknown> {
    const response = await fetch(`${this.#origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}` },
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause: unknown) => {
      throw new MeshError('MESH_NOT_RUNNING', `nothing answers at ${this.#origin}`, {
        fix: 'start it: ./plugmesh up',
        cause,
      });
    });
    const body: unknown = await response.json();
    if (response.ok) return body;
    const { detail, code } = Object(body) as { detail?: string; code?: string };
    throw new MeshError(knownCode(code), `mesh refused: ${detail ?? code ?? String(response.status)}`);
  }
}

function knownCode(code: string | undefined): ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'MESH_BAD_REQUEST';
}
