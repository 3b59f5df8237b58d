import type { Stats } from 'node:fs';
import { access, constants, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';

/** A folder whose files are served. */
export interface Folder {
  /** Absolute, where `findFile` is asked. */
  readonly root: string;
  /** Names of the files that answer for a folder; the first one that is there. */
  readonly index: readonly string[];
  /** Whether names that begin with a dot are served. */
  readonly hidden: boolean;
}

/** What a path leads to: a regular file by its real path, a folder that was asked for without its slash, or nothing. */
export type Found =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'folder without slash' }
  | { readonly kind: 'nothing' };

const NOTHING: Found = { kind: 'nothing' };

/** Reasons of the file system that are no failure of ours; to strangers a file that we may not read is not there. */
const NOT_HERE = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES', 'EPERM']);

/** Throws when there is no folder at `root`. */
export async function assertFolder(root: string): Promise<void> {
  if ((await kindOf(root)) !== 'folder')
    throw new Error(`'root' is '${root}', which is no folder; set plugins.files.config.root`);
}

/** Finds what the names of a path lead to; the last name is empty when the path ended with a slash. */
export async function findFile(folder: Folder, names: readonly string[]): Promise<Found> {
  const isFolderAsked = names.at(-1) === '';
  const path = join(folder.root, ...names);
  const real = await insideRoot(folder, path);
  if (real === undefined) return NOTHING;
  const kind = await kindOf(real);
  if (kind === 'file' && !isFolderAsked) return { kind: 'file', file: real };
  if (kind !== 'folder') return NOTHING;
  return isFolderAsked ? findIndex(folder, path) : { kind: 'folder without slash' };
}

async function findIndex(folder: Folder, path: string): Promise<Found> {
  for (const name of folder.index) {
    const file = await insideRoot(folder, join(path, name));
    if (file !== undefined && (await kindOf(file)) === 'file') return { kind: 'file', file };
  }
  return NOTHING;
}

/** The real path, unless it lies outside of the root, or is hidden: by links, folders and names alike. */
async function insideRoot({ root, hidden }: Folder, path: string): Promise<string | undefined> {
  // The root itself may be a link that is moved with each release.
  const [realRoot, real] = [await realPath(root), await realPath(path)];
  if (realRoot === undefined || real === undefined) return undefined;
  const below = relative(realRoot, real);
  const names = below.split(sep);
  if (names[0] === '..' || isAbsolute(below)) return undefined;
  return !hidden && names.some((name) => name.startsWith('.')) ? undefined : real;
}

/** A fifo or a device is 'other', because opening one might wait for ever, and so is what we may not read. */
async function kindOf(path: string): Promise<'file' | 'folder' | 'other'> {
  const stats = await unlessNotHere(readableStats(path));
  if (stats?.isFile()) return 'file';
  return stats?.isDirectory() ? 'folder' : 'other';
}

async function readableStats(path: string): Promise<Stats> {
  await access(path, constants.R_OK);
  return stat(path);
}

function realPath(path: string): Promise<string | undefined> {
  return unlessNotHere(realpath(path));
}

async function unlessNotHere<Value>(looking: Promise<Value>): Promise<Value | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (NOT_HERE.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
