import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { processEnvironment, type Config } from '../config/index.ts';
import type { Manifest } from '../manifest/index.ts';
import { logFile } from './pm2-app.ts';
import { findProgram, programPath } from './program.ts';
import { missingRequirement } from './requirements.ts';
import { runSetupCommand, type SetupOptions } from './setup-command.ts';
import { readState, writeState } from './state-file.ts';

/** How far a plugin is from being startable on this machine. */
export type Preparation =
  | { readonly state: 'prepared' }
  /** Its setup has not run yet, or its inputs have changed since. */
  | { readonly state: 'needed'; readonly reason?: undefined }
  | { readonly state: 'skipped' | 'failed'; readonly reason: string };

/** What is known about a plugin's preparation, without running anything. */
export function preparation(config: Config, manifest: Manifest): Preparation {
  if (manifest.setup.length === 0 && Object.keys(manifest.requires).length === 0) return runnable(manifest);
  let inputs: string;
  try {
    inputs = inputsOf(manifest);
  } catch (error) {
    return { state: 'failed', reason: `MESH_SETUP_FAILED its sources cannot be read: ${String(error)}` };
  }
  const record = Object(readState(recordFile(config, manifest))) as Record<string, unknown>;
  if (record['inputs'] !== inputs) return { state: 'needed' };
  if (record['state'] === 'prepared') {
    const known = runnable(manifest);
    // What the setup made is gone: it makes it again.
    return known.state === 'failed' && manifest.setup.length > 0 ? { state: 'needed' } : known;
  }
  const state = record['state'] === 'skipped' ? 'skipped' : 'failed';
  return { state, reason: String(record['reason']) };
}

/** What a preparation tells, and what breaks it off. */
export interface PrepareOptions {
  /** Called with each setup command before it runs, and how many there are: `cargo build (1/2)`. */
  readonly onStep?: (step: string) => void;
  /** Ends the setup that is running. */
  readonly stopped?: AbortSignal;
}

/** Checks what the plugin requires and runs its setup, unless that has been done for these inputs. */
export async function prepare(
  config: Config,
  manifest: Manifest,
  { onStep = () => undefined, stopped }: PrepareOptions = {},
): Promise<Preparation> {
  // A function, because the compiler believes that the signal cannot change across an await.
  const isStopped = (): boolean => stopped?.aborted === true;
  // From before the setup: what is edited while it runs is not yet in what it makes.
  const inputs = inputsOf(manifest);
  const known = preparation(config, manifest);
  const missing = await missingRequirement(manifest);
  if (isStopped()) return { state: 'needed' };
  const result: Preparation =
    missing !== undefined
      ? { state: 'skipped', reason: missing }
      : known.state === 'prepared'
        ? known
        : await runSetup(manifest, onStep, { logFile: logFile(config, `${manifest.name}.setup`), stopped });
  // A setup that was broken off says nothing about the next try.
  if (isStopped()) return { state: 'needed' };
  writeState(recordFile(config, manifest), { inputs, ...result });
  return result.state === 'prepared' ? runnable(manifest) : result;
}

async function runSetup(
  manifest: Manifest,
  onStep: (step: string) => void,
  options: SetupOptions,
): Promise<Preparation> {
  for (const [index, command] of manifest.setup.entries()) {
    if (options.stopped?.aborted === true) return { state: 'needed' };
    onStep(`${command.join(' ')} (${index + 1}/${manifest.setup.length})`);
    const problem = await runSetupCommand(manifest, command, options);
    if (problem !== undefined) return { state: 'failed', reason: `MESH_SETUP_FAILED ${problem}` };
  }
  return { state: 'prepared' };
}

/** A program that is not there would make pm2 refuse its whole list. */
function runnable(manifest: Manifest): Preparation {
  const [program = ''] = manifest.run;
  if (findProgram(program, programPath(processEnvironment()), manifest.folder)) return { state: 'prepared' };
  return {
    state: 'failed',
    reason: `MESH_REQUIREMENT_MISSING '${program}', which the manifest's 'run' names, is neither on PATH nor in ${manifest.folder}`,
  };
}

function recordFile(config: Config, manifest: Manifest): string {
  return join(config.stateDir, 'prepared', `${manifest.name}.json`);
}

/** Files that a setup reads: sources and descriptions of dependencies, not what it makes. */
const SOURCES = new Set(
  '.ts .mts .cts .tsx .js .mjs .cjs .jsx .py .txt .toml .json .lock .go .mod .sum .rs .rb .java .kt .xml .gradle .php .ex .exs .cs .c .h .cc .cpp .hpp .sh .html .css .sql .proto'.split(
    ' ',
  ),
);
const MADE = new Set(['node_modules', 'target', 'dist', 'build', 'venv', '__pycache__', 'test']);

function inputsOf(manifest: Manifest): string {
  const hash = createHash('sha256').update(JSON.stringify([manifest.setup, manifest.requires]));
  for (const file of sourceFiles(manifest.folder)) hash.update(file).update(readFileSync(file));
  return hash.digest('hex');
}

/** The source files of a plugin, as a setup or a watcher looks at them; what is made from them is left out. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.name.startsWith('.') || MADE.has(entry.name)) return [];
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sourceFiles(path);
      return entry.isFile() && (SOURCES.has(extname(entry.name)) || entry.name === 'Makefile') ? [path] : [];
    });
}
