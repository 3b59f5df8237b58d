import { join } from 'node:path';
import { MeshError } from '../errors/index.ts';
import type { BusHandler } from './bus/bus-message.ts';
import type { PluginContext, Subscribe } from './context.ts';
import type { EndpointTypes } from './endpoints/endpoint-types.ts';
import { createReach, proxyPath } from './endpoints/reach.ts';
import type { Routers } from './http/create-app.ts';
import type { Jobs } from './jobs/jobs.ts';
import { answerVisits } from './http/middleware.ts';
import type { Upgrades } from './http/upgrades.ts';
import type { PluginParts } from './plugin-parts.ts';
import type { AddService, ServiceRunner } from './service-runner.ts';
import { validate, type Schema } from './validate.ts';

/** What a context hands out besides what the plugin lives on. */
export interface ContextParts extends PluginParts {
  readonly routers: Routers;
  readonly services: ServiceRunner;
  readonly jobs: Jobs;
  readonly upgrades: Upgrades;
  readonly endpointTypes: EndpointTypes;
  readonly releases: (() => Promise<void> | void)[];
}

/** Makes what an author works with. */
export function createContext<Settings>(parts: ContextParts, config: Settings): PluginContext<Settings> {
  const { manifest, environment, log, clock, bus, identify, call, routers, jobs } = parts;
  return {
    id: manifest.name,
    manifest,
    ...routers,
    config,
    mesh: environment.mesh,
    meshUrl: environment.url,
    log,
    clock,
    identify,
    call,
    stateDir: environment.stateDir ?? join('.plugmesh/plugins', manifest.name),
    token: environment.token,
    redis: bus.connection,
    redisUrl: environment.redisUrl,
    publish: (topic, event, payload) => bus.publish(topic, event, payload),
    publishDurable: (topic, event, payload, options) => bus.publishDurable(topic, event, payload, options),
    subscribe: subscriber('channel', parts),
    subscribePattern: subscriber('pattern', parts),
    service: serviceAdder(parts.services),
    middleware: (handle) => {
      if (!manifest.middleware)
        throw new MeshError('MESH_MANIFEST_INVALID', "plugin.json has no 'middleware'", {
          fix: 'say there in which phase it is asked, and at which path: docs/reference/manifest.md',
        });
      routers.router.get(manifest.middleware.path, answerVisits(handle, identify));
    },
    upgrade: (handle) => parts.upgrades.take(handle),
    endpointType: (type, hooks) => parts.endpointTypes.add(type, hooks),
    reach: (guid, request) => createReach({ call, request, path: proxyPath(guid) }),
    job: (run, options) => jobs.router(run, options),
    onStop: (release) => void parts.releases.push(release),
  };
}

function subscriber(kind: 'channel' | 'pattern', { bus, log }: ContextParts): Subscribe {
  return <Payload>(
    name: string,
    first: BusHandler | Schema<Payload>,
    handle?: (payload: Payload, message: Parameters<BusHandler>[0]) => Promise<void> | void,
  ): void => {
    if (handle === undefined) {
      bus.subscribe(kind, name, first as BusHandler);
      return;
    }
    bus.subscribe(kind, name, async (message) => {
      const validated = await validate(first as Schema<Payload>, jsonOf(message.data));
      if (validated.ok) await handle(validated.value, message);
      // A browser may send anything, as often as it likes: nothing that is worth a line of its own.
      else log.debug({ channel: message.channel, problems: validated.problems }, 'a payload does not fit');
    });
  };
}

/** What is not JSON is `undefined`, which fits no schema that asks for something. */
function jsonOf(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString()) as unknown;
  } catch {
    return undefined;
  }
}

function serviceAdder(services: ServiceRunner): AddService {
  return <State>(name: string, run: (signal: AbortSignal, state: State) => Promise<void>, state?: State) =>
    // Without a state, the function takes none.
    services.add(name, (signal) => run(signal, state as State));
}
