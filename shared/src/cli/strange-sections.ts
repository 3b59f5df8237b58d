import { type Config, openSettings } from '../config/index.ts';
import { MeshError, nearestName } from '../errors/index.ts';
import type { FoundManifest } from '../manifest/index.ts';
import { meshConfigFile } from '../processes/index.ts';

/**
 * Sections `[plugins.<id>]` that name no plugin: most likely misspelt, and what they close would stay open. One with `grants` or a
 * URL is for a plugin that is started elsewhere.
 */
export function strangeSections(
  config: Config,
  found: readonly FoundManifest[],
  file: string | undefined,
): MeshError[] {
  const ids = found.map(({ id }) => id);
  const { source } = openSettings(meshConfigFile(file));
  return Object.entries(config.pluginSettings).flatMap(([id, { urls, grants }]) => {
    if (ids.includes(id) || urls.length > 0 || grants !== undefined) return [];
    const near = nearestName(id, ids);
    const fix =
      near === undefined
        ? `take it out, make services/${id}/plugin.json, or give it a 'url' or 'grants'`
        : `did you mean [plugins.${near}]?`;
    const position = source.positionOf(['plugins', id]);
    return new MeshError('MESH_CONFIG_UNKNOWN_KEY', `[plugins.${id}] names no plugin: it sets nothing`, {
      fix,
      position,
    });
  });
}
