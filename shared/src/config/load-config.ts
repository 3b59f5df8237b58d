import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { MeshError, MeshProblems } from '../errors/index.ts';
import type { Config } from './config.ts';
import { disagreements } from './disagreements.ts';
import { resolveSettings } from './resolve-settings.ts';
import { fileLayer, variableLayer } from './setting-layers.ts';
import { toConfig } from './to-config.ts';
import { TomlSource } from './toml-source.ts';
import { readVariables, type Variable } from './variables.ts';

/** Where to look for settings; by default the working directory and the environment of this process. */
export interface LoadOptions {
  /** Path of plugmesh.toml, before `PLUGMESH_FILE` and the one in the working directory. */
  readonly file?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Reads every setting of the mesh: default < plugmesh.toml < `.env` < `.env.local` < environment. The result is
 * frozen. Throws `MeshProblems` with all problems at once.
 */
export function loadConfig(options: LoadOptions = {}): Config {
  const env = options.env ?? process.env;
  const cwd = resolve(options.cwd ?? process.cwd());
  const file = findFile(options.file ?? env['PLUGMESH_FILE'], cwd);
  const root = file === undefined ? cwd : dirname(file);
  const variables = readVariables(root, env);
  const problems: MeshError[] = [];
  const source = new TomlSource(file === undefined ? '' : readFileSync(file, 'utf8'), basename(file ?? ''));
  const layers = [...fileLayer(source, variables, problems), ...variableLayer(variables, problems)];
  const resolved = resolveSettings(layers, problems);
  if (problems.length === 0) problems.push(...disagreements(resolved.values));
  if (problems.length > 0) throw new MeshProblems(problems);
  return freeze(toConfig(resolved, { root, file, secrets: secretsOf(variables) }));
}

function findFile(named: string | undefined, cwd: string): string | undefined {
  const file = resolve(cwd, named ?? 'plugmesh.toml');
  if (existsSync(file)) return file;
  if (named === undefined) return undefined;
  const message = `there is no file '${named}'`;
  throw new MeshProblems([new MeshError('MESH_CONFIG_INVALID', message, { fix: `looked at ${join(file)}` })]);
}

function secretsOf(variables: ReadonlyMap<string, Variable>): string[] {
  const list = variables.get('PLUGMESH_SECRET')?.text.split(',') ?? [];
  return list.map((secret) => secret.trim()).filter((secret) => secret !== '');
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
