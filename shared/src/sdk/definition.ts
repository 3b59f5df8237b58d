import type { PluginContext } from './context.ts';
import type { AnyTopics } from './topics.ts';
import type { Schema } from './validate.ts';

/** What a plugin's author writes. Names, routes' guards and topics are in `plugin.json`, not here. */
export interface PluginDefinition<
  Settings = Readonly<Record<string, unknown>>,
  State = undefined,
  Topics = AnyTopics,
> {
  /** Checks and types `[plugins.<id>.config]`, a zod object for one. What does not fit disables the plugin, all of it said. */
  readonly config?: Schema<Settings>;
  /** Types of what is published, `{} as { ships: { moved: Position } }`; the value is not looked at. */
  readonly topics?: Topics;
  /** Its API description, served where the manifest says (`http.openapi`). */
  readonly openapi?: Readonly<Record<string, unknown>>;
  /**
   * What has to work before the plugin can: opens what `setup` is given as `state`. When it throws, the plugin is disabled:
   * its process stays up and says why.
   */
  init?(context: PluginContext<Settings, Topics>): Promise<State> | State;
  /** Adds routes, services and subscriptions. Throwing is as in `init`. */
  setup(context: SetupContext<Settings, State, Topics>): Promise<void> | void;
}

/** What `setup` works with. */
export interface SetupContext<Settings, State, Topics> extends PluginContext<Settings, Topics> {
  /** What `init` has returned. */
  readonly state: State;
}
