import { MeshError, type Position } from '../errors/index.ts';
import type { Variable } from './variables.ts';

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** What substitution needs, and where it puts problems. */
export interface Substitution {
  readonly variables: ReadonlyMap<string, Variable>;
  readonly positionOf: (path: readonly PropertyKey[]) => Position;
  readonly problems: MeshError[];
}

/** Replaces `${NAME}` in every text of the value at a path; a name that is not set is a problem. */
export function substitute(path: readonly PropertyKey[], value: unknown, context: Substitution): unknown {
  if (typeof value === 'string')
    return value.replace(REFERENCE, (_, name: string) => lookUp(name, path, context));
  if (Array.isArray(value)) return value.map((element, at) => substitute([...path, at], element, context));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    substitute([...path, key], inner, context),
  ]);
  return Object.fromEntries(entries);
}

/** Whether a value is a text with a reference in it. */
export function hasReference(value: unknown): boolean {
  return typeof value === 'string' && value.search(REFERENCE) >= 0;
}

/** The names that a value refers to, each once. */
export function referencesIn(value: unknown): string[] {
  if (typeof value === 'string')
    return [...new Set([...value.matchAll(REFERENCE)].map(([, name = '']) => name))];
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap(referencesIn))];
}

function lookUp(
  name: string,
  path: readonly PropertyKey[],
  { variables, positionOf, problems }: Substitution,
): string {
  const variable = variables.get(name);
  if (variable) return variable.text;
  const fix = `set ${name} in the environment, .env or .env.local`;
  const options = { fix, position: positionOf(path) };
  problems.push(new MeshError('MESH_CONFIG_UNSET_VARIABLE', `'\${${name}}' is not set`, options));
  return '';
}
