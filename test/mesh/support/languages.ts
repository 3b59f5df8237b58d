import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { loadConfig, type Config } from '@plugmesh/shared/config';
import { parseManifest, type Manifest } from '@plugmesh/shared/manifest';
import { prepare } from '@plugmesh/shared/processes';
import { startProcess, type RunningProcess } from '@plugmesh/shared/testing';
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
  await removeSources(folder);
  await cp(join(sources, id), folder, {
    recursive: true,
    // Cargo builds again what looks younger than its output.
    preserveTimestamps: true,
    filter: (path) => !MADE.has(basename(path)),
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const file = join(folder, 'plugin.json');
  const manifest = parseManifest(readFileSync(file, 'utf8'), file, { id });
  const result = await prepare(cacheConfig(dirname(folder)), manifest);
  if (result.state === 'prepared') return { state: 'built', id, folder, manifest };
  if (result.state === 'skipped') return { state: 'skipped', reason: result.reason };
  throw new Error(`${id} could not be built: ${JSON.stringify(result)}`);
}

/** A file that is gone from the sources must not be built any more. */
async function removeSources(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  const sources = entries.filter((name) => !MADE.has(name));
  await Promise.all(sources.map((name) => rm(join(folder, name), { recursive: true })));
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
