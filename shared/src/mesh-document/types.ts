import type { EndpointType } from '../manifest/endpoint-type.ts';

/** Who may pass. */
export type Guard = 'public' | 'key' | 'session' | 'admin';

/** Who may pass on a route: `none` is nobody but the plugins that it names, no administrator either. */
export type RouteGuard = Guard | 'none';

/** How a plugin is, and for all but the first three `reason` says why. */
export type PluginState = 'starting' | 'ready' | 'stopped' | 'unready' | 'disabled' | 'skipped' | 'invalid';

/** One running process of a plugin. */
export interface Instance {
  /** `<plugin>-<n>` for local ones, what it registered as for others. */
  readonly id: string;
  /** Origin without a path, `http://127.0.0.1:2350`. */
  readonly url: string;
  readonly state: 'starting' | 'ready' | 'unready' | 'draining';
  readonly pid?: number;
  /** Milliseconds from start to readiness, when mesh has seen it. */
  readonly readyMs?: number;
}

/** A guard for one path pattern under the plugin's prefix (contracts § 1.2). */
export interface RouteRule {
  /** `/v1/*` one segment, `/v1/**` the rest; literal otherwise. */
  readonly path: string;
  readonly methods?: readonly string[];
  readonly guard: RouteGuard;
  readonly timeoutMs?: number;
  readonly maxBody?: number;
  readonly maxResponse?: number;
  /** Ids of plugins whose own calls may use this route; `*`: every plugin's. */
  readonly plugins?: readonly string[];
}

/** How the gateway serves a plugin. */
export interface PluginHttp {
  /** `/api/<id>`, unless `plugins.<id>.path` says otherwise. */
  readonly prefix: string;
  readonly aliases: readonly string[];
  readonly stripPrefix: boolean;
  readonly guard: Guard;
  readonly routes: readonly RouteRule[];
  readonly html: 'sandbox' | 'trusted';
  readonly openapi: string | false;
  readonly health: string;
  readonly timeoutMs: number;
  readonly maxBody: number;
  readonly maxResponse?: number;
  /** Origins allowed by CORS for this plugin, instead of the gateway's own list. */
  readonly corsOrigins?: readonly string[];
  /** SHA-256, base64url, of the key that opens the guard `key` here. */
  readonly keyHash?: string;
}

/** Why a plugin does not run as it should, in parts. */
export interface PluginFailure {
  /** Of the error table; a newer mesh may know more. */
  readonly code: string;
  /** One sentence. */
  readonly message: string;
  /** The last lines of its log, oldest first. */
  readonly lines: readonly string[];
  /** What to do. */
  readonly fix?: string;
}

/** A plugin as the mesh knows it. */
export interface MeshPlugin {
  readonly id: string;
  readonly title?: string;
  readonly description?: string;
  readonly version?: string;
  /** Guessed from `run`: `node`, `python`, `go`, `rust`, …; for status only. */
  readonly language?: string;
  readonly source: 'manifest' | 'config' | 'registration';
  readonly enabled: boolean;
  readonly state: PluginState;
  readonly reason?: string;
  /** What `reason` says, in parts, when something has failed. */
  readonly failure?: PluginFailure;
  readonly http: PluginHttp;
  readonly instances: readonly Instance[];
}

/** Who may join a topic, or push to it; `owner`: the wildcard part equals the client's own id. */
export type TopicAccess = 'public' | 'session' | 'admin' | 'owner' | 'none';

/** A topic rule (contracts § 2.4) with the plugin that made it. */
export interface TopicRule {
  /** Exact, or ending in `*`. */
  readonly pattern: string;
  /** A plugin's id, or `mesh` for the ones that are always there. */
  readonly plugin: string;
  readonly join: TopicAccess;
  readonly push: TopicAccess;
  readonly presence: boolean;
  readonly envelope: boolean;
  readonly overflow: 'disconnect' | 'drop-oldest' | 'latest';
  readonly history?: { readonly size: number; readonly ttlMs: number };
  /** Name of an event → JSON Schema of its payload; for readers only. */
  readonly events?: Readonly<Record<string, unknown>>;
  readonly description?: string;
}

/** A forward-auth middleware plugin (contracts § 1.5), in chain order. */
export interface MiddlewareRule {
  readonly plugin: string;
  readonly phase: 'public' | 'session';
  readonly path: string;
  readonly order: number;
  readonly match: readonly string[];
  readonly timeoutMs: number;
  readonly onError: 'deny' | 'allow';
  readonly setRequest: readonly string[];
  readonly setResponse: readonly string[];
}

/** A type of endpoint (contracts § 1.7) with the plugin that provides it. */
export interface MeshEndpointType extends EndpointType {
  readonly plugin: string;
}

/** What gateway and channel follow: `plugmesh:mesh` in Redis, written by mesh alone. */
export interface MeshDocument {
  readonly format: 1;
  /** Grows with every change. */
  readonly version: number;
  readonly mode: 'production' | 'development';
  /** Origin of the mesh control process. */
  readonly control: { readonly url: string };
  /** Origin of the channel service. */
  readonly channel: { readonly url: string };
  readonly plugins: readonly MeshPlugin[];
  readonly middleware: readonly MiddlewareRule[];
  readonly topics: readonly TopicRule[];
  /** Also those of disabled plugins: their endpoints are still there. */
  readonly endpointTypes: readonly MeshEndpointType[];
}
