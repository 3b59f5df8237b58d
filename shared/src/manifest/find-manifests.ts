import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { MeshProblems } from '../errors/index.ts';
import type { FoundManifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';

/** Reads `services/<id>/plugin.json` and the manifests of the folders that the configuration names, in order of id. */
export function findManifests(config: Config): FoundManifest[] {
  const services = join(config.root, 'services');
  if (!existsSync(services)) return [];
  return readdirSync(services)
    .map((name) => join(services, name, 'plugin.json'))
    .filter((file) => existsSync(file))
    .sort()
    .map((file) => read(basename(join(file, '..')), file));
}

function read(id: string, file: string): FoundManifest {
  try {
    return { id, file, manifest: parseManifest(readFileSync(file, 'utf8'), file, { id }) };
  } catch (error) {
    if (error instanceof MeshProblems) return { id, file, problems: error.problems };
    throw error;
  }
}
