import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cp, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { loadConfig, type Config } from '@plugmesh/shared/config';
import { parseManifest, type Manifest } from '@plugmesh/shared/manifest';
import { prepare } from '@plugmesh/shared/processes';
import { startProcess, type RunningProcess } from '@plugmesh/shared/testing';
import { lock } from 'proper-lockfile';
import { testCache } from './test-cache.ts';

const SERVICES = join(import.meta.dirname, '../../../services');
const MADE = new Set(['.venv', '.build', 'target', '__pycache__', '.ruff_cache', '.mypy_cache']);

/** Nobody listens there. */
const NO_MESH = 'http://127.0.0.1:1';

/** A plugin that is shipped in another language than ours. */
export interface Language {
  readonly id: string;
  /** What it calls itself. */
  readonly language: string;
  /** The figure of its own that it publishes. */
  readonly figure: string;
}

export const LANGUAGES: readonly Language[] = [
  { id: 'hello-python', language: 'python', figure: 'tasks' },
  { id: 'hello-go', language: 'go', figure: 'goroutines' },
  { id: 'hello-rust', language: 'rust', figure: 'threads' },
];

/** Such a plugin, or another program with a manifest, built on this machine. */
export interface Built {
  readonly state: 'built';
  readonly id: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A plugin, or the reason why this machine cannot build it. */
export type BuildResult = Built | { readonly state: 'skipped'; readonly reason: string };

/** What is built: the folder that has it, and files beside those that are there. */
export interface Sources {
  readonly folder?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** Copies a program's sources to the cache and runs its own setup there, unless that has been done for them. */
export async function build(
  { id }: Pick<Language, 'id'>,
  { folder: sources = SERVICES, files = {} }: Sources = {},
): Promise<BuildResult> {
  const folder = join(testCache(basename(sources)), id);
  // Files of tests run beside each other, and some want the same program.
  const unlock = await lock(folder, { realpath: false, retries: { forever: true, maxTimeout: 1000 } });
  try {
    await bring(join(sources, id), folder, files);
    return await setUp(id, folder);
  } finally {
    await unlock();
  }
}

/** Leaves the folder alone where the same was brought before: somebody may be running it. */
async function bring(from: string, folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const brought = `${folder}.brought`;
  const wanted = fingerprint(from, files);
  if (existsSync(brought) && readFileSync(brought, 'utf8') === wanted) return;
  await rm(brought, { force: true });
  await removeSources(folder);
  // Cargo builds again what looks younger than its output.
  await cp(from, folder, { recursive: true, preserveTimestamps: true, filter: isSource });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  writeFileSync(brought, wanted);
}

function fingerprint(from: string, files: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256').update(JSON.stringify(files));
  for (const name of globSync('**/*', { cwd: from, exclude: (entry) => !isSource(entry) }).sort()) {
    const path = join(from, name);
    if (statSync(path).isFile()) hash.update(`${name}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

function isSource(path: string): boolean {
  return !MADE.has(basename(path));
}

/** A file that is gone from the sources must not be built any more. */
async function removeSources(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  await Promise.all(entries.filter(isSource).map((name) => rm(join(folder, name), { recursive: true })));
}

async function setUp(id: string, folder: string): Promise<BuildResult> {
  const file = join(folder, 'plugin.json');
  const manifest = parseManifest(readFileSync(file, 'utf8'), file, { id });
  const result = await prepare(cacheConfig(dirname(folder)), manifest);
  if (result.state === 'prepared') return { state: 'built', id, folder, manifest };
  if (result.state === 'skipped') return { state: 'skipped', reason: result.reason };
  throw new Error(`${id} could not be built: ${JSON.stringify(result)}`);
}

function cacheConfig(folder: string): Config {
  const file = join(folder, 'plugmesh.toml');
  writeFileSync(file, '');
  return loadConfig({ file, env: {} });
}

/** Starts a built plugin by its manifest's command, with nothing but what every plugin is given. */
export async function startPlugin(
  { id, folder, manifest }: Built,
  {
    port,
    redisUrl,
    meshUrl = NO_MESH,
  }: { readonly port: number; readonly redisUrl: string; readonly meshUrl?: string },
): Promise<RunningProcess> {
  const [program = '', ...args] = manifest.run;
  return startProcess([join(folder, program), ...args], {
    cwd: folder,
    env: { PORT: String(port), REDIS_URL: redisUrl, PLUGMESH_PLUGIN: id, PLUGMESH_URL: meshUrl },
    ready: async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok,
    timeoutMs: 20_000,
  });
}
