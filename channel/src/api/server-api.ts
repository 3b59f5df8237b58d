import type { Config } from '@plugmesh/shared/config';
import { MeshError } from '@plugmesh/shared/errors';
import type { Bus } from '../bus/bus.ts';
import { Census } from '../census/census.ts';
import type { CountedTopics } from '../census/topic-counts.ts';
import type { History } from '../history/history-reader.ts';
import type { Peers } from '../peers/peers.ts';
import type { Presence } from '../presence/presence.ts';
import type { TopicAccess } from '../topics/topic-access.ts';
import type { Route } from '../transport/http-routes.ts';
import { forAdministrators, type AdministratorParts } from '../transport/administrators.ts';
import { Publisher } from './publisher.ts';
import { historyRoute, presenceRoute, topicRoute, topicsRoute, type ReadRouteParts } from './read-routes.ts';
import { asProblem } from './redis-problem.ts';
import { batchRoute, disconnectRoute, publishRoute, type WriteRouteParts } from './write-routes.ts';

/** What the server API is made from. */
export interface ServerApiOptions extends AdministratorParts {
  readonly config: Pick<Config, 'channel'>;
  readonly node: string;
  readonly access: Pick<TopicAccess, 'rule'>;
  readonly bus: Pick<Bus, 'live'>;
  readonly history: History;
  /** Undefined where no Redis is configured. */
  readonly peers: Peers | undefined;
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

/** The routes of the server API, open to the operator and administrators. */
export function serverApi(options: ServerApiOptions): [address: string, route: Route][] {
  const { peers } = options;
  const parts = peers && createParts(options, peers);
  return Object.entries(ROUTES).map(([address, make]) => {
    const route = parts ? whileLive(options.bus, make(parts)) : unavailable;
    return [address, forAdministrators(options, route)];
  });
}

function createParts(options: ServerApiOptions, peers: Peers): ReadRouteParts & WriteRouteParts {
  const { access, config, node, history, presence, topics } = options;
  const { connection } = peers;
  const rules = { access, payloadLimit: config.channel.limits.frame };
  const census = new Census({ peers, node, topics });
  return { access, census, connection, history, presence, publisher: new Publisher(connection), rules };
}

/** Nothing is said of other processes, and nothing promised, while Redis is away. */
function whileLive(bus: Pick<Bus, 'live'>, route: Route): Route {
  return async (request, response) => {
    if (!bus.live) return unavailable();
    try {
      return await route(request, response);
    } catch (error) {
      throw asProblem(error);
    }
  };
}

function unavailable(): never {
  throw new MeshError('MESH_REDIS_UNAVAILABLE', 'Redis cannot be reached', {
    fix: 'try again when it is back',
  });
}
