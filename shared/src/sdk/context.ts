import type { Router } from 'express';
import type { MeshSettings } from '../config/mesh-settings.ts';
import type { Log } from '../log/index.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { DurableOptions, DurableResult } from '../redis/durable-publish.ts';
import type { RedisConnection } from '../redis/connect-redis.ts';
import type { BusHandler, BusMessage } from './bus/bus-message.ts';
import type { Clock } from './clock.ts';
import type { EndpointHooks, Reach } from './endpoints/hooks.ts';
import type { JobRunner } from './jobs/job.ts';
import type { MiddlewareHandler } from './http/middleware.ts';
import type { UpgradeHandler } from './http/upgrades.ts';
import type { Call } from './plugin-calls.ts';
import type { Identify, RequestHead } from './plugin-identity.ts';
import type { AddService } from './service-runner.ts';
import type { AnyTopics, EventOf } from './topics.ts';
import type { Schema } from './validate.ts';

/** What a plugin works with, from `init` until it stops. */
export interface PluginContext<Settings = Readonly<Record<string, unknown>>, Topics = AnyTopics> {
  readonly id: string;
  readonly manifest: Manifest;
  /** An express router; it sees paths without the gateway's prefix. Who may pass is in `plugin.json`. */
  readonly router: Router;
  /** The router at `/v1`, for users: whoever is no user is answered 401 or 403, also past the gateway. */
  readonly session: Router;
  /** The router at `/v1/admin`, for administrators, likewise. */
  readonly admin: Router;
  /** `[plugins.<id>.config]`. */
  readonly config: Settings;
  /** The mesh's own settings, nothing secret among them; undefined: there is no mesh around the plugin. */
  readonly mesh: MeshSettings | undefined;
  /** Origin of the gateway, `PLUGMESH_URL`; undefined: there is no mesh around the plugin. */
  readonly meshUrl: string | undefined;
  readonly log: Log;
  readonly clock: Clock;
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
   * Publishes `to:<topic>:<event>`: bytes as they are, anything else as JSON. Resolves to whether Redis took it, after
   * two seconds at the latest; while Redis is away messages are dropped, not kept.
   */
  readonly publish: <Topic extends keyof Topics & string, Event extends EventOf<Topics, Topic>>(
    topic: Topic,
    event: Event,
    payload: Topics[Topic][Event],
  ) => Promise<boolean>;
  /**
   * Publishes an event that is kept and reaches clients that are away now, when they come back: to a topic whose rule has
   * `history`. While Redis is away it is tried again for ten seconds; where an answer was lost, only with an idempotency
   * key. Never rejects: the result says what became of it.
   */
  readonly publishDurable: <Topic extends keyof Topics & string, Event extends EventOf<Topics, Topic>>(
    topic: Topic,
    event: Event,
    payload: Topics[Topic][Event] & object,
    options?: DurableOptions,
  ) => Promise<DurableResult>;
  /** Handles every message of one Redis channel, `from:system:echo`, in order. Survives outages of Redis. */
  readonly subscribe: Subscribe;
  /** Handles every message of the channels that a Redis pattern names, `from:streaming-*`. */
  readonly subscribePattern: Subscribe;
  /** Runs in the background from the end of `setup` until `signal`. When it throws it is started again, with back-off. */
  readonly service: AddService;
  /** Decides about requests to other plugins, as `middleware` of the manifest says. */
  readonly middleware: (handle: MiddlewareHandler) => void;
  /**
   * Takes the connections of requests that ask to leave HTTP, WebSocket handshakes; once. Without it they are answered as
   * ordinary requests.
   */
  readonly upgrade: (handle: UpgradeHandler) => void;
  /** Does what the manifest's `hooks` of an endpoint type name. Throws when the two differ. */
  readonly endpointType: (type: string, hooks: EndpointHooks) => void;
  /**
   * Makes requests below an endpoint, with what the user of `request` is connected by: of this plugin's own types, or of any
   * where `trusted_plugins` of `endpoints` names it. Rejects with a `MeshError` where the endpoint was not reached.
   */
  readonly reach: (guid: string, request: RequestHead) => Reach;
  /** Makes a router for work that takes longer than a request: `session.use('/reports', job(run))`. */
  readonly job: JobRunner;
  /** Runs when the plugin stops, the last one first. */
  readonly onStop: (release: () => Promise<void> | void) => void;
}

/** What comes from browsers is whatever they like: with a schema, only payloads that fit it are handled. */
export interface Subscribe {
  (name: string, handle: BusHandler): void;
  <Payload>(
    name: string,
    schema: Schema<Payload>,
    handle: (payload: Payload, message: BusMessage) => Promise<void> | void,
  ): void;
}
