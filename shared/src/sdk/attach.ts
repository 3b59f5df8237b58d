import type { Server } from 'node:http';
import type { PluginContext } from './context.ts';
import type { PluginDefinition, SetupContext } from './definition.ts';
import type { AnyDefinition } from './plugin-parts.ts';
import { runPlugin } from './run-plugin.ts';
import type { AnyTopics } from './topics.ts';

/** What has no meaning where somebody else's server has the routes. */
type RouterParts = 'router' | 'session' | 'admin' | 'middleware' | 'upgrade' | 'endpointType' | 'job';

/** As `PluginDefinition`, for a plugin with a server of its own. */
export interface AttachedDefinition<
  Settings = Readonly<Record<string, unknown>>,
  State = undefined,
  Topics = AnyTopics,
> extends Omit<PluginDefinition<Settings, State, Topics>, 'init' | 'setup'> {
  init?(context: Omit<PluginContext<Settings, Topics>, RouterParts>): Promise<State> | State;
  /** Adds routes to the server, and whatever else needs the mesh. */
  setup?(context: Omit<SetupContext<Settings, State, Topics>, RouterParts>): Promise<void> | void;
}

/**
 * Runs this process as a plugin around a server that has not begun to listen: Fastify's, Hono's, Node's. The mesh decides
 * where it listens and when it stops; its health route and API description are answered before the server is asked.
 */
export function attach<Settings = Readonly<Record<string, unknown>>, State = undefined, Topics = AnyTopics>(
  server: Server,
  definition: AttachedDefinition<Settings, State, Topics> = {},
): void {
  const nothing = (): void => undefined;
  // The types of a definition fit together; from here on nobody else needs to know them.
  runPlugin({ server, definition: { setup: nothing, ...definition } as unknown as AnyDefinition });
}
