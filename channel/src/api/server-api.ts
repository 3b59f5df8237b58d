import type { Config } from '@plugmesh/shared/config';
import { MeshError } from '@plugmesh/shared/errors';
import type { Secrets } from '@plugmesh/shared/identity';
import type { Log } from '@plugmesh/shared/log';
import { closeRedis, connectRedis, type RedisConnection } from '@plugmesh/shared/redis';
import type { Bus } from '../bus/bus.ts';
import { Census } from '../census/census.ts';
import type { CountedTopics } from '../census/topic-counts.ts';
import type { History } from '../history/history-reader.ts';
import type { Presence } from '../presence/presence.ts';
import type { TopicAccess } from '../topics/topic-access.ts';
import type { Route } from '../transport/http-routes.ts';
import { forOperator } from '../transport/operator.ts';
import { Publisher } from './publisher.ts';
import { historyRoute, presenceRoute, topicRoute, topicsRoute, type ReadRouteParts } from './read-routes.ts';
import { asProblem } from './redis-problem.ts';
import { batchRoute, disconnectRoute, publishRoute, type WriteRouteParts } from './write-routes.ts';

/** What the server API is made from. */
export interface ServerApiOptions {
  readonly config: Pick<Config, 'redisUrl' | 'channel'>;
  readonly log: Log;
  readonly secrets: Secrets;
  readonly node: string;
  readonly access: Pick<TopicAccess, 'rule'>;
  readonly bus: Pick<Bus, 'live'>;
  readonly history: History;
  readonly presence: Pick<Presence, 'list'>;
  readonly topics: CountedTopics;
}

/** Address → what makes its route (reference: docs/reference/channel-api.md). */
const ROUTES: Readonly<Record<string, (parts: ReadRouteParts & WriteRouteParts) => Route>> = {
  'POST /mesh/channel/publish': publishRoute,
  'POST /mesh/channel/batch': batchRoute,
  'GET /mesh/channel/topics': topicsRoute,
  'GET /mesh/channel/topic': topicRoute,
  'GET /mesh/channel/presence': presenceRoute,
  'GET /mesh/channel/history': historyRoute,
  'POST /mesh/channel/disconnect': disconnectRoute,
};

/** Addresses of the server API, `GET /mesh/channel/topics`. */
export const API_ADDRESSES = Object.keys(ROUTES);

/** What backends and operators do over HTTP: publish, look and disconnect, over all channel processes. */
export class ServerApi {
  readonly #options: ServerApiOptions;
  #connection: RedisConnection | undefined;
  #census: Census | undefined;

  constructor(options: ServerApiOptions) {
    this.#options = options;
    const { config, log, node, topics } = options;
    const { redisUrl } = config;
    if (redisUrl === undefined) return;
    this.#connection = connectRedis(redisUrl, { name: 'channel-api', log, queue: false, lazy: true });
    this.#census = new Census({ redisUrl, connection: this.#connection, log, node, topics });
  }

  async start(): Promise<void> {
    // Safe to call twice: the second connect is refused.
    this.#connection?.connect().catch(() => undefined);
    await this.#census?.start();
  }

  async stop(): Promise<void> {
    await this.#census?.stop();
    if (this.#connection) await closeRedis(this.#connection);
  }

  /** The routes, open to the operator. */
  routes(): [address: string, route: Route][] {
    const { secrets } = this.#options;
    return API_ADDRESSES.map((address) => [address, forOperator(secrets, this.#withRedis(address))]);
  }

  /** Nothing is said of other processes, and nothing promised, while Redis is away. */
  #withRedis(address: string): Route {
    const [connection, census] = [this.#connection, this.#census];
    const { access, bus, config, history, presence } = this.#options;
    const make = ROUTES[address];
    if (!connection || !census || !make) return unavailable;
    const rules = { access, payloadLimit: config.channel.limits.frame };
    const publisher = new Publisher(connection);
    const route = make({ access, census, connection, history, presence, publisher, rules });
    return async (request) => {
      if (!bus.live) return unavailable();
      try {
        return await route(request);
      } catch (error) {
        throw asProblem(error);
      }
    };
  }
}

function unavailable(): never {
  throw new MeshError('MESH_REDIS_UNAVAILABLE', 'Redis cannot be reached', {
    fix: 'try again when it is back',
  });
}
