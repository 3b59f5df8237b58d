import { pluginEnvironment } from '../config/index.ts';
import { runProcess } from '../lifecycle/index.ts';
import { createLog } from '../log/index.ts';
import type { PluginDefinition } from './definition.ts';
import { Plugin } from './plugin.ts';
import { readManifest } from './read-manifest.ts';

/**
 * Runs this process as a plugin: reads the `plugin.json` beside its `src/`, listens on `HOST` and `PORT`, answers health
 * checks, and stops in order on SIGTERM and SIGINT. The last statement of a plugin's `main.ts`.
 */
export function definePlugin<Settings = Readonly<Record<string, unknown>>>(
  definition: PluginDefinition<Settings>,
): void {
  const environment = pluginEnvironment();
  const read = readManifest(process.argv[1] ?? '', process.cwd());
  const log = createLog({ name: environment.plugin ?? read.manifest.name });
  void runProcess(new Plugin(definition, { ...read, environment, log }).lifecycle);
}
