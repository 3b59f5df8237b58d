import { request, type IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import type { Config } from '../config/index.ts';
import { ERROR_CODES, type ErrorCode, MeshError } from '../errors/index.ts';
import { loadSecrets, operatorToken } from '../identity/index.ts';
import type { Guard, Instance, MeshPlugin, MiddlewareRule, RouteRule } from '../mesh-document/index.ts';
import { localOrigin } from '../processes/index.ts';

/** A plugin as the operator sees it at `/mesh/plugins`. */
export interface PluginView extends Pick<
  MeshPlugin,
  'id' | 'state' | 'reason' | 'failure' | 'language' | 'enabled'
> {
  readonly guard: Guard;
  readonly prefix: string;
  readonly aliases: readonly string[];
  readonly routes: readonly RouteRule[];
  readonly timeoutMs: number;
  readonly maxBody: number;
  readonly maxResponse?: number;
  readonly instances: readonly Instance[];
  /** When it looks at requests to others. */
  readonly middleware?: Pick<MiddlewareRule, 'phase' | 'order'>;
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

/** What enable and disable came to. */
export interface EnabledView {
  readonly id: string;
  readonly enabled: boolean;
  readonly state: string;
}

/** What a reload came to. */
export interface ReloadView {
  readonly id: string;
  readonly state: string;
  readonly how: 'generation' | 'restart' | 'start';
  readonly generation?: number;
  readonly readyMs?: number;
}

/** The mesh as a whole. */
export interface StatusView {
  readonly state: string;
  readonly version: number;
  readonly mode: string;
  readonly redis: {
    readonly connected: boolean;
    /** What keeps plugins apart in it, once it has been asked. */
    readonly plugins?: 'own' | 'open' | 'shared';
    readonly reason?: string;
  };
  readonly processes: readonly ProcessView[];
}

interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly fix?: string;
  readonly lines?: readonly string[];
}

const TIMEOUT_MS = 10_000;
/** A reload may build first. */
const RELOAD_TIMEOUT_MS = 60 * 60_000;

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
    if (plugins.some((plugin) => !('routes' in plugin)))
      throw this.#another('takes this operator for a stranger');
    return plugins;
  }

  async status(): Promise<StatusView> {
    return (await this.#call('GET', '/mesh/status')) as StatusView;
  }

  async setEnabled(id: string, enabled: boolean): Promise<EnabledView> {
    const path = `/mesh/plugins/${encodeURIComponent(id)}/${enabled ? 'enable' : 'disable'}`;
    return (await this.#call('POST', path)) as EnabledView;
  }

  async reload(id: string): Promise<ReloadView> {
    return (await this.#call(
      'POST',
      `/mesh/plugins/${encodeURIComponent(id)}/reload`,
      RELOAD_TIMEOUT_MS,
    )) as ReloadView;
  }

  async #call(method: string, path: string, timeoutMs = TIMEOUT_MS): Promise<unknown> {
    const { status, text } = await this.#ask(method, path, timeoutMs);
    const body = this.#parse(text);
    if (status < 300) return body;
    const { detail = `mesh answered ${status}`, code, fix, lines } = Object(body) as Problem;
    throw new MeshError(knownCode(code), detail, {
      ...(fix === undefined ? {} : { fix }),
      ...(lines === undefined ? {} : { details: { lines } }),
    });
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#another('is no mesh');
    }
  }

  #another(what: string): MeshError {
    return new MeshError('MESH_NOT_RUNNING', `what answers at ${this.#origin} ${what}`, {
      fix: 'it is not this mesh: name the one that runs with --config FILE, or give this one ports of its own',
    });
  }

  /** Not by `fetch`, which gives up after five minutes whatever it is told. */
  async #ask(method: string, path: string, timeoutMs: number): Promise<{ status: number; text: string }> {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = { authorization: `Bearer ${this.#token}` };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request(`${this.#origin}${path}`, { method, headers, signal }, resolve).on('error', reject).end();
    try {
      const response = await promise;
      return { status: response.statusCode ?? 0, text: await readText(response) };
    } catch (cause) {
      if (signal.aborted)
        throw new MeshError('MESH_INTERNAL', `mesh did not answer within ${timeoutMs / 1000} s`, {
          fix: "see './plugmesh logs mesh'",
          cause,
        });
      throw new MeshError('MESH_NOT_RUNNING', `nothing answers at ${this.#origin}`, {
        fix: 'start it: ./plugmesh up; where pm2 runs it, it may be starting: npx pm2 ls',
        cause,
      });
    }
  }
}

function knownCode(code: string | undefined): ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'MESH_BAD_REQUEST';
}
