import type { Router } from 'express';
import type { Log } from '../log/index.ts';
import type { Manifest } from '../manifest/index.ts';
import type { DurableOptions, DurableResult, RedisConnection } from '../redis/index.ts';
import type { Call } from './plugin-calls.ts';
import type { Identify } from './plugin-identity.ts';

/** What a plugin's author writes. Names, routes' guards and topics are in `plugin.json`, not here. */
export interface PluginDefinition<Settings = Readonly<Record<string, unknown>>> {
  /** Adds routes, services and subscriptions. When it throws, the plugin is disabled: its process stays up and says why. */
  setup(context: PluginContext<Settings>): Promise<void> | void;
  /** Checks and types the plugin's settings, `schema.parse` of zod for one. What it throws disables the plugin. */
  parseConfig?(settings: unknown): Settings;
  /** Its API description, served where the manifest says (`http.openapi`). */
  readonly openapi?: Readonly<Record<string, unknown>>;
}

/** What a plugin works with, from `setup` until it stops. */
export interface PluginContext<Settings = Readonly<Record<string, unknown>>> {
  readonly id: string;
  readonly manifest: Manifest;
  /** An express router; it sees paths without the gateway's prefix. */
  readonly router: Router;
  /** `[plugins.<id>.config]`. */
  readonly config: Settings;
  readonly log: Log;
  /**
   * Who is behind a request, by the gateway's token: `anonymous` without one. Rejects with MESH_UNAUTHORIZED for a token
   * that does not count, which a route can leave to the SDK to answer.
   */
  readonly identify: Identify;
  /** Calls another plugin, whose route has to list this one in `plugins`; with `request` for the user behind that. */
  readonly call: Call;
  /**
   * Folder for files of its own, when the manifest says `state`; the plugin makes it. Without a mesh around it:
   * `.plugmesh/plugins/<id>` of the working directory.
   */
  readonly stateDir: string;
  /** Its own credential, `PLUGMESH_TOKEN`: whoever shows it is the plugin itself, or may read the mesh's secret. */
  readonly token: string | undefined;
  /** A connection for commands, or undefined when the plugin was given no Redis. */
  readonly redis: RedisConnection | undefined;
  readonly redisUrl: string | undefined;
  /**
   * Publishes `to:<topic>:<event>`: bytes as they are, anything else as JSON. Resolves to whether Redis took it; while
   * Redis is away messages are dropped, not kept.
   */
  readonly publish: (topic: string, event: string, payload: unknown) => Promise<boolean>;
  /**
   * Publishes an event that is kept and reaches clients that are away now, when they come back: to a topic whose rule has
   * `history`. While Redis is away it is tried again for ten seconds; where an answer was lost, only with an idempotency
   * key. Never rejects: the result says what became of it.
   */
  readonly publishDurable: (
    topic: string,
    event: string,
    payload: object,
    options?: DurableOptions,
  ) => Promise<DurableResult>;
  /** Handles every message of one Redis channel, `from:system:echo`, in order. Survives outages of Redis. */
  readonly subscribe: (channel: string, handler: BusHandler) => void;
  /** Handles every message of the channels that a Redis pattern names, `from:streaming-*`. */
  readonly subscribePattern: (pattern: string, handler: BusHandler) => void;
  /** Runs in the background from the end of `setup` until `signal`. When it throws it is started again, with back-off. */
  readonly service: (name: string, run: ServiceFunction) => void;
  /** Runs when the plugin stops, the last one first. */
  readonly onStop: (release: () => Promise<void> | void) => void;
}

/** Work in the background; it ends when `signal` is aborted. */
export type ServiceFunction = (signal: AbortSignal) => Promise<void>;

/** Handles one message of the bus. */
export type BusHandler = (message: BusMessage) => Promise<void> | void;

/** A message of the bus as a plugin sees it. */
export interface BusMessage {
  /** The whole Redis channel. */
  readonly channel: string;
  readonly topic: string;
  readonly event: string;
  readonly data: Buffer;
  /** The payload as JSON. Throws when it is not. */
  json(): unknown;
}
