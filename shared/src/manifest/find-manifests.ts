import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Config } from '../config/config.ts';
import { MeshError, MeshProblems } from '../errors/index.ts';
import type { FoundManifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';

/** What says where manifests are. */
export type ManifestFolders = Pick<Config, 'root' | 'pluginSettings'>;

/**
 * Reads `services/<id>/plugin.json` and the manifests of the folders that the configuration names, in order of id.
 * A folder in the configuration goes before one in `services` with the same id. Problems are part of the result:
 * a wrong manifest must not stop the others.
 */
export function findManifests(config: ManifestFolders): FoundManifest[] {
  const files = new Map([...serviceFiles(config.root), ...configuredFiles(config)]);
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, file]) => readManifest(id, file, config.root));
}

function serviceFiles(root: string): [string, string][] {
  const services = join(root, 'services');
  if (!existsSync(services)) return [];
  return readdirSync(services)
    .map((id): [string, string] => [id, join(services, id, 'plugin.json')])
    .filter(([, file]) => existsSync(file));
}

function configuredFiles(config: ManifestFolders): [string, string][] {
  return Object.entries(config.pluginSettings).flatMap(([id, { folder }]) =>
    folder === undefined ? [] : [[id, join(folder, 'plugin.json')]],
  );
}

function readManifest(id: string, file: string, root: string): FoundManifest {
  const shownAs = relative(root, file);
  try {
    return { id, file, manifest: parseManifest(readFileSync(file, 'utf8'), file, { id, shownAs }) };
  } catch (error) {
    if (error instanceof MeshProblems) return { id, file, problems: error.problems };
    const message = `plugin '${id}' has no manifest that can be read at '${shownAs}'`;
    return { id, file, problems: [new MeshError('MESH_MANIFEST_INVALID', message, { cause: error })] };
  }
}
