import type { Config } from '../config/index.ts';
import { MeshError } from '../errors/index.ts';
import { findManifests, isReservedName, pluginName } from '../manifest/index.ts';

/** Throws MESH_USAGE for a name that no plugin can have, MESH_NAME_TAKEN for one that another has; the fix names one that is free. */
export function checkName(config: Config, name: string): void {
  const taken = takenNames(config);
  const problem = problemWith(name, taken);
  if (problem === undefined) return;
  const free = freeName(name, taken);
  throw new MeshError(problem.code, problem.message, { fix: `'${free}' is free` });
}

interface Problem {
  readonly code: 'MESH_USAGE' | 'MESH_NAME_TAKEN';
  readonly message: string;
}

function problemWith(name: string, taken: ReadonlySet<string>): Problem | undefined {
  if (isReservedName(name))
    return { code: 'MESH_USAGE', message: `'${name}' is a name that the mesh uses itself` };
  const { error } = pluginName.safeParse(name);
  if (error) {
    const rule = error.issues[0]?.message ?? '';
    return { code: 'MESH_USAGE', message: `'${name}' cannot be a plugin's name: it must be ${rule}` };
  }
  if (taken.has(name)) return { code: 'MESH_NAME_TAKEN', message: `there is a plugin '${name}' already` };
  return undefined;
}

/** Plugins with a manifest, broken ones too, and those that only the configuration names. */
function takenNames(config: Config): ReadonlySet<string> {
  return new Set([...findManifests(config).map(({ id }) => id), ...Object.keys(config.pluginSettings)]);
}

/** The nearest name that can be had: `My_Ships` → `my-ships`, `docs` → `docs-2`. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  const words = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 36)
    .replace(/-+$/, '');
  const base = words === '' ? 'my-plugin' : words;
  const candidates = [base, ...Array.from({ length: taken.size + 1 }, (_, at) => `${base}-${at + 2}`)];
  return candidates.find((each) => problemWith(each, taken) === undefined) ?? base;
}
