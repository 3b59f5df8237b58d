import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { MeshError, MeshProblems } from '../errors/index.ts';
import type { Config } from './config.ts';
import { disagreements } from './disagreements.ts';
import { resolveSettings } from './resolve-settings.ts';
import { fileLayer, variableLayer, type Given } from './setting-layers.ts';
import { referencesIn } from './substitute.ts';
import { toConfig, type Origin } from './to-config.ts';
import { TomlSource } from './toml-source.ts';
import { parseSecrets, readVariables, type Variable } from './variables.ts';

/** Where to look for settings; by default the working directory and the environment of this process. */
export interface LoadOptions {
  /** Path of plugmesh.toml, before `PLUGMESH_FILE` and the one in the working directory. */
  readonly file?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Takes the problems instead of a `MeshProblems`: settings that are wrong keep their defaults. A file that is no TOML still throws. */
  readonly onProblems?: (problems: readonly MeshError[]) => void;
}

/** What plugmesh.toml says by itself. */
export interface WrittenConfig {
  readonly config: Config;
  /** Names of the variables that the file refers to as `${NAME}`. */
  readonly references: readonly string[];
  /** What is set here and now, to be looked at, not to be written down. */
  readonly variables: ReadonlyMap<string, Variable>;
}

/** Where settings are read from. */
export interface Opened {
  readonly origin: Omit<Origin, 'secrets'>;
  readonly source: TomlSource;
  readonly variables: ReadonlyMap<string, Variable>;
}

/**
 * Reads every setting of the mesh: default < plugmesh.toml < `.env` < `.env.local` < environment. The result is
 * frozen. Throws `MeshProblems` with all problems at once.
 */
export function loadConfig(options: LoadOptions = {}): Config {
  const { origin, source, variables } = openSettings(options);
  const problems: MeshError[] = [];
  const layers = [...fileLayer(source, variables, problems), ...variableLayer(variables, problems)];
  const secrets = parseSecrets(variables.get('PLUGMESH_SECRET')?.text);
  return build(layers, problems, { ...origin, secrets }, options.onProblems);
}

/**
 * Reads plugmesh.toml for what is derived from it and shown: no variable sets anything, there are no secrets, and
 * `${NAME}` stays in plugins' own settings. Throws as `loadConfig` does.
 */
export function loadWrittenConfig(options: LoadOptions = {}): WrittenConfig {
  const { origin, source, variables } = openSettings(options);
  const problems: MeshError[] = [];
  const layers = fileLayer(source, variables, problems, isOwnSettings);
  return {
    config: build(layers, problems, { ...origin, secrets: [] }),
    references: referencesIn(source.value),
    variables,
  };
}

/** Opens the file and the variables, without a look at what they say. */
export function openSettings(options: LoadOptions): Opened {
  const env = options.env ?? process.env;
  const cwd = resolve(options.cwd ?? process.cwd());
  const file = findFile(options.file ?? env['PLUGMESH_FILE'], cwd);
  const root = file === undefined ? cwd : dirname(file);
  const source = new TomlSource(file === undefined ? '' : readFileSync(file, 'utf8'), basename(file ?? ''));
  return { origin: { root, file }, source, variables: readVariables(root, env) };
}

function build(
  layers: readonly Given[],
  problems: MeshError[],
  origin: Origin,
  onProblems?: LoadOptions['onProblems'],
): Config {
  const resolved = resolveSettings(layers, problems);
  if (problems.length === 0) problems.push(...disagreements(resolved.values));
  if (problems.length > 0 && !onProblems) throw new MeshProblems(problems);
  if (problems.length > 0) onProblems?.(problems);
  return freeze(toConfig(resolved, origin));
}

function isOwnSettings([section, , name]: readonly string[]): boolean {
  return section === 'plugins' && name === 'config';
}

function findFile(named: string | undefined, cwd: string): string | undefined {
  const file = resolve(cwd, named ?? 'plugmesh.toml');
  if (existsSync(file)) return file;
  if (named === undefined) return undefined;
  const message = `there is no file '${named}'`;
  throw new MeshProblems([new MeshError('MESH_CONFIG_INVALID', message, { fix: `looked at ${join(file)}` })]);
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
