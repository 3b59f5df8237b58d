import { MeshError, type Position } from '../errors/index.ts';
import { pluginName } from '../manifest/manifest-schema.ts';
import { findSetting, pathOfVariable, suggestSetting, suggestVariable } from './find-setting.ts';
import { hasReference, substitute } from './substitute.ts';
import type { TomlSource } from './toml-source.ts';
import type { Variable } from './variables.ts';

/** A value that the file or a variable gives to a setting. */
export interface Given {
  readonly path: readonly string[];
  readonly value: unknown;
  /** The value came from a variable: lists are joined by commas, numbers are digits. */
  readonly isText: boolean;
  /** What problems call it. */
  readonly name: string;
  readonly position: Position | undefined;
}

type Variables = ReadonlyMap<string, Variable>;

/** Values of plugmesh.toml, with `${NAME}` replaced, but for those at paths that keep it. */
export function fileLayer(
  source: TomlSource,
  variables: Variables,
  problems: MeshError[],
  keeps: (path: readonly string[]) => boolean = () => false,
): Given[] {
  const context = {
    variables,
    problems,
    positionOf: (path: readonly PropertyKey[]) => source.positionOf(path),
  };
  function walk(path: readonly string[], value: unknown): Given[] {
    const position = source.positionOf(path);
    const found = findSetting(path);
    if (found.is === 'setting') {
      const isText = hasReference(value);
      return [
        {
          path,
          value: keeps(path) ? value : substitute(path, value, context),
          isText,
          name: path.join('.'),
          position,
        },
      ];
    }
    const refusal = refuse(path, value, found.is);
    if (refusal) {
      problems.push(new MeshError(refusal.code, refusal.message, { position, fix: refusal.fix }));
      return [];
    }
    return Object.entries(value as object).flatMap(([key, inner]) => walk([...path, key], inner));
  }
  return walk([], source.value);
}

interface Refusal {
  readonly code: 'MESH_CONFIG_UNKNOWN_KEY' | 'MESH_CONFIG_INVALID';
  readonly message: string;
  readonly fix: string;
}

function refuse(path: readonly string[], value: unknown, is: 'section' | 'unknown'): Refusal | undefined {
  const name = path.join('.');
  if (is === 'unknown') {
    return {
      code: 'MESH_CONFIG_UNKNOWN_KEY',
      message: `unknown setting '${name}'`,
      fix: suggestSetting(path),
    };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { code: 'MESH_CONFIG_INVALID', message: `'${name}' must be a section`, fix: `write [${name}]` };
  }
  if (path[0] !== 'plugins' || path[1] === undefined || path.length > 2) return undefined;
  const checked = pluginName.safeParse(path[1]);
  const expected = checked.error?.issues[0]?.message;
  if (expected === undefined) return undefined;
  return {
    code: 'MESH_CONFIG_INVALID',
    message: `a plugin cannot be called '${path[1]}'`,
    fix: `use ${expected}`,
  };
}

/** Values of `.env`, `.env.local` and the environment: `PLUGMESH__GATEWAY__PORT`, and `REDIS_URL`. */
export function variableLayer(variables: Variables, problems: MeshError[]): Given[] {
  const redisUrl = variables.get('REDIS_URL');
  const given = redisUrl ? [givenBy(redisUrl, ['core', 'redis_url'])] : [];
  for (const variable of variables.values()) {
    if (!variable.name.startsWith('PLUGMESH__')) continue;
    const path = pathOfVariable(variable.name);
    if (path) given.push(givenBy(variable, path));
    else problems.push(unknownVariable(variable));
  }
  return given;
}

function givenBy({ name, text, position }: Variable, path: readonly string[]): Given {
  return { path, value: text, isText: true, name, position };
}

function unknownVariable({ name, position }: Variable): MeshError {
  return new MeshError('MESH_CONFIG_UNKNOWN_KEY', `unknown setting '${name}'`, {
    fix: suggestVariable(name),
    ...(position && { position }),
  });
}
