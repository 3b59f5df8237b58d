import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MeshError } from '../errors/index.ts';
import { parseManifest } from '../manifest/parse-manifest.ts';
import type { Manifest } from '../manifest/manifest.ts';

/** A manifest as the SDK uses it: checked, and as it was written. */
export interface ReadManifest {
  readonly manifest: Manifest;
  readonly source: unknown;
}

/** Where to look. */
export interface ReadManifestOptions {
  /** The file that runs. */
  readonly entry: string;
  readonly cwd: string;
  /** What a plugin is called that may do without a `plugin.json`. */
  readonly name?: string | undefined;
}

/** Reads the `plugin.json` of the entry's folder or the nearest one above it, else of the working directory. */
export function readManifest({ entry, cwd, name }: ReadManifestOptions): ReadManifest {
  const file = [...foldersAbove(entry), cwd].map((folder) => join(folder, 'plugin.json')).find(existsSync);
  if (file !== undefined) return parse(readFileSync(file, 'utf8'), file);
  // Nothing starts it but whoever runs it by hand.
  if (name !== undefined)
    return parse(JSON.stringify({ name, run: ['node', entry] }), join(cwd, 'plugin.json'));
  throw new MeshError('MESH_MANIFEST_INVALID', `there is no plugin.json above '${entry}' nor in '${cwd}'`, {
    fix: 'put a plugin.json with name and run beside src/',
  });
}

function parse(text: string, file: string): ReadManifest {
  return { manifest: parseManifest(text, file), source: JSON.parse(text) as unknown };
}

function foldersAbove(entry: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder))
    folders.push(folder);
  return folders;
}
