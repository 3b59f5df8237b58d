import type { Guard } from '../mesh-document/types.ts';

/** Cross-origin rules of the gateway; no origin means that browsers of other origins get nothing. */
export interface CorsConfig {
  /** Exact origins; `*` allows every origin, without credentials. */
  readonly origins: readonly string[];
  readonly credentials: boolean;
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly maxAgeMs: number;
}

/** Sizes in bytes, times in milliseconds, the rest counts. */
export interface GatewayLimits {
  readonly url: number;
  readonly headers: number;
  readonly headerCount: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleMs: number;
  /** Requests at one instance at the same time. */
  readonly inFlight: number;
  /** Requests waiting for one instance. */
  readonly pending: number;
  /** Of 99 in 100 turns of the event loop; beyond it a process takes no new work. */
  readonly eventLoopDelayMs: number;
  /** For all middleware of one request together. */
  readonly middlewareMs: number;
  readonly drainMs: number;
  /** Of one process; undefined: as much as it takes. */
  readonly memory: number | undefined;
}

/** So many times within so many milliseconds. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** How often one address, user or key may come; undefined: as often as it likes. */
export interface RateLimits {
  readonly address: Rate | undefined;
  readonly identity: Rate | undefined;
  readonly key: Rate | undefined;
  /** Of one address, over all processes. */
  readonly login: Rate;
  /** Of one address, over all processes. */
  readonly keys: Rate;
  /** Of one address, over all processes. */
  readonly token: Rate;
}

/** Where one of our own services listens. */
export interface ServiceAddress {
  readonly host: string;
  readonly port: number;
  /** Origin at which others reach it, when that is not host and port. */
  readonly url: string | undefined;
}

/** The `[gateway]` section. */
export interface GatewayConfig extends ServiceAddress {
  readonly instances: number;
  /** Host names served; empty: every one. */
  readonly hosts: readonly string[];
  /** Networks (CIDR) whose X-Forwarded-* are believed. */
  readonly trustedProxies: readonly string[];
  /** Id of the plugin that keeps the accounts. */
  readonly accounts: string;
  /** Opens the guard `key` everywhere. */
  readonly apiKey: string | undefined;
  /** Whether keys may come as `apikey` in the query. */
  readonly apiKeyInQuery: boolean;
  readonly cors: CorsConfig;
  /** Networks (CIDR) that a plugin's instance may register from. */
  readonly instanceNetworks: readonly string[];
  readonly limits: GatewayLimits;
  readonly rates: RateLimits;
}

/** Sizes in bytes, times in milliseconds, the rest counts. */
export interface ChannelLimits {
  readonly frame: number;
  readonly topicsPerSocket: number;
  readonly joinsPerSecond: number;
  readonly pushesPerSecond: number;
  readonly sockets: number;
  /** Bytes that may wait for one slow socket. */
  readonly queue: number;
  /** Bytes of a topic's or event's name. */
  readonly name: number;
  readonly idleMs: number;
  readonly pollMs: number;
  /** Of one process; undefined: as much as it takes. */
  readonly memory: number | undefined;
}

/** The `[channel]` section. */
export interface ChannelConfig extends ServiceAddress {
  readonly instances: number;
  readonly tokenTtlMs: number;
  /** How long the members of a process stay present that is not heard. */
  readonly presenceLeaseMs: number;
  /** What a topic without a rule is: closed, or open to everybody. */
  readonly undeclaredTopics: 'none' | 'public';
  /** Origins that may connect besides the own one. */
  readonly origins: readonly string[];
  readonly limits: ChannelLimits;
}

/** What a registered manifest may do beyond the defaults (contracts § 1.6). */
export interface Grants {
  readonly aliases: readonly string[];
  /** Topic patterns. */
  readonly topics: readonly string[];
  /** The loosest guard that its routes may have. */
  readonly guard?: Guard;
  readonly middleware: boolean;
  /** Types of endpoints. */
  readonly endpoints?: readonly string[];
  /** Channels and patterns of Redis that it may use besides the bus, and keys besides its own. */
  readonly channels?: readonly string[];
  readonly keys?: readonly string[];
}

/** One `[plugins.<id>]` section. */
export interface PluginSettings {
  /** Origins of instances that are started elsewhere. */
  readonly urls: readonly string[];
  readonly guard?: Guard;
  /** Opens the guard `key` at this plugin. */
  readonly apiKey?: string;
  readonly enabled?: boolean;
  /** Replaces `/api/<id>`. */
  readonly path?: string;
  readonly corsOrigins?: readonly string[];
  readonly timeoutMs?: number;
  readonly maxBody?: number;
  readonly maxResponse?: number;
  /** Bytes that one process may take. */
  readonly maxMemory?: number;
  /** Absolute folder of a plugin outside `services/`. */
  readonly folder?: string;
  readonly grants?: Grants;
  /** The plugin's own settings, not yet held against its manifest's schema. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Every setting of the mesh; frozen. */
export interface Config {
  /** Absolute folder of plugmesh.toml, or the working directory when there is none. */
  readonly root: string;
  /** Absolute path of plugmesh.toml. */
  readonly file: string | undefined;
  readonly mode: 'production' | 'development';
  readonly redisUrl: string | undefined;
  /** Ids of the enabled plugins; `*`: all. */
  readonly plugins: readonly string[];
  readonly logLevel: string;
  /** Absolute. */
  readonly stateDir: string;
  readonly gateway: GatewayConfig;
  readonly channel: ChannelConfig;
  readonly mesh: ServiceAddress;
  /** `PLUGMESH_SECRET`, newest first; empty: the one in the state folder. */
  readonly secrets: readonly string[];
  readonly pluginSettings: Readonly<Record<string, PluginSettings>>;
}
