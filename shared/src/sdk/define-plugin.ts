import { MeshError } from '../errors/index.ts';
import { BasePlugin, type BasePluginClass } from './class/base-plugin.ts';
import { classSource } from './class/class-source.ts';
import type { PluginDefinition } from './definition.ts';
import type { AnyDefinition } from './plugin-parts.ts';
import { runPlugin } from './run-plugin.ts';
import type { AnyTopics } from './topics.ts';

/**
 * Runs this process as a plugin: reads the `plugin.json` beside its `src/`, listens on `HOST` and `PORT`, answers health
 * checks, and stops in order on SIGTERM and SIGINT. The last statement of a plugin's `main.ts`.
 */
export function definePlugin<
  Settings = Readonly<Record<string, unknown>>,
  State = undefined,
  Topics = AnyTopics,
>(definition: PluginDefinition<Settings, State, Topics>): void;
/** The same for a class with one request handler. */
export function definePlugin(plugin: BasePluginClass): void;
export function definePlugin(defined: unknown): void {
  if (isClass(defined)) runPlugin(classSource(defined));
  else if (typeof (defined as AnyDefinition | undefined)?.setup !== 'function')
    throw new MeshError('MESH_USAGE', `definePlugin was given '${typeof defined}' without 'setup'`, {
      fix: "give it { setup(context) { … } }, or a class that extends this package's BasePlugin",
    });
  // The types of a definition fit together; from here on nobody else needs to know them.
  else runPlugin({ definition: defined as AnyDefinition });
}

function isClass(defined: unknown): defined is BasePluginClass {
  return typeof defined === 'function' && defined.prototype instanceof BasePlugin;
}
