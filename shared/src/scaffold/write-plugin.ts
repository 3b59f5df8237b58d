import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { MeshError } from '../errors/index.ts';
import { bringSdk, seesSdk } from './bring-sdk.ts';
import { LANGUAGES } from './languages.ts';

const TEMPLATES = join(import.meta.dirname, 'templates');

/** What stands in the templates for the plugin's name, and is all that differs between two plugins. */
const PLACEHOLDER = 'plugin-name';

/** What tests and builds leave behind when a template is tried in its place. */
const MADE = new Set(['.venv', '.build', 'target', '__pycache__', 'node_modules']);

/** A plugin to be. */
export interface NewPlugin {
  readonly name: string;
  /** Ids of the tables `LANGUAGES` and `KINDS`. */
  readonly language: string;
  readonly kind: string;
  /** The folder that has `services/`. */
  readonly root: string;
}

/** What has been written. */
export interface WrittenPlugin {
  /** Absolute. */
  readonly folder: string;
  /** Paths in it, sorted. */
  readonly files: readonly string[];
}

/**
 * Writes `services/<name>` from its template, as a whole: a mesh that runs sees it when it is complete. Throws
 * MESH_NAME_TAKEN when something is there.
 */
export async function writePlugin({ name, language, kind, root }: NewPlugin): Promise<WrittenPlugin> {
  const folder = join(root, 'services', name);
  if (existsSync(folder)) throw taken(name, folder);
  const template = join(TEMPLATES, language, kind);
  const files = await filesOf(template);
  await mkdir(dirname(folder), { recursive: true });
  // Beside `services`, where no manifest is looked for, and on the same disk.
  const unfinished = await mkdtemp(join(root, '.new-plugin-'));
  try {
    for (const file of files) await copy(join(template, file), join(unfinished, name, file), name);
    const needsSdk = LANGUAGES.some((each) => each.id === language && each.needsSdk === true);
    if (needsSdk && !seesSdk(folder)) files.push(...(await bringSdk(join(unfinished, name))));
    await rename(join(unfinished, name), folder);
  } catch (error) {
    // Somebody else was faster.
    throw (error as NodeJS.ErrnoException).code === 'ENOTEMPTY' ? taken(name, folder) : error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return { folder, files: files.sort() };
}

async function filesOf(template: string): Promise<string[]> {
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(template, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split('/').some((part) => MADE.has(part)))
    .sort();
}

async function copy(from: string, to: string, name: string): Promise<void> {
  const text = await readFile(from, 'utf8');
  const { mode } = await stat(from);
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, text.replaceAll(PLACEHOLDER, name), { mode });
}

function taken(name: string, folder: string): MeshError {
  return new MeshError('MESH_NAME_TAKEN', `'${folder}' is there already`, {
    fix: `remove it, or take another name than '${name}'`,
  });
}
