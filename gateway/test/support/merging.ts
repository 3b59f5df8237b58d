import { createConfig, lintFromString } from '@redocly/openapi-core';
import type { MeshPlugin } from '@plugmesh/shared/mesh-document';
import type { Description } from '../../src/docs/description.ts';
import { isObject, type JsonObject } from '../../src/docs/json.ts';
import { mergeDescriptions } from '../../src/docs/merge.ts';
import { readDescription } from '../../src/docs/read-description.ts';
import type { Viewer } from '../../src/docs/viewer.ts';
import { sketchDocument, type PluginSketch } from './mesh.ts';

/** Sees all there is. */
export const EVERYBODY: Viewer = {
  key: 'all',
  isTrusted: true,
  mayCall: () => true,
  mayJoin: () => true,
};

/** Sees what is public. */
export const NOBODY: Viewer = {
  key: 'none',
  isTrusted: false,
  mayCall: (_plugin, { guard }) => guard === 'public',
  mayJoin: (access) => access === 'public',
};

/** A document with these paths. */
export function sketchApi(paths: object, rest: object = {}): JsonObject {
  return { openapi: '3.1.0', info: { title: 'A plugin', version: '1' }, paths, ...rest };
}

/** An operation that answers with this schema. */
export function answering(schema: object, rest: object = {}): object {
  return {
    responses: { 200: { description: 'Done', content: { 'application/json': { schema } } } },
    ...rest,
  };
}

/** The plugin of a sketch, as a mesh document has it. */
export function sketchOne(sketch: PluginSketch): MeshPlugin {
  const [plugin] = sketchDocument([sketch]).plugins;
  if (!plugin) throw new Error('no plugin');
  return plugin;
}

/** A document as it stands in the mesh. Fails where it is broken. */
export async function read(document: unknown, sketch: PluginSketch = { id: 'ships' }): Promise<Description> {
  const { id, http } = sketchOne(sketch);
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const reading = await readDescription(text, { id, prefix: http.prefix, stripPrefix: http.stripPrefix });
  if ('broken' in reading) throw new Error(reading.broken);
  return reading.description;
}

/** The merged document of several plugins. */
export async function merged(
  parts: readonly { readonly document: unknown; readonly plugin: PluginSketch }[],
  viewer = EVERYBODY,
): Promise<JsonObject> {
  const described = await Promise.all(
    parts.map(async ({ document, plugin }) => ({
      plugin: sketchOne(plugin),
      outcome: { kind: 'merged' as const, description: await read(document, plugin) },
    })),
  );
  return mergeDescriptions(described, viewer, { proto: 'http', prefix: '' });
}

/** What another maker's linter finds wrong with a document: its structure, references that lead nowhere, names that clash. */
export async function lint(document: unknown): Promise<string[]> {
  const config = await createConfig({
    rules: {
      struct: 'error',
      'no-unresolved-refs': 'error',
      'operation-operationId-unique': 'error',
      'security-defined': 'error',
      'spec-components-invalid-map-name': 'error',
      'no-identical-paths': 'error',
    },
  });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  return problems.map(({ message, location: [place] }) => `${place?.pointer ?? ''}: ${message}`);
}

/** A member of a member of …; fails where there is none. */
export function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>((each, name) => {
    if (Array.isArray(each)) return each[Number(name)] as unknown;
    if (!isObject(each)) throw new Error(`nothing has '${name}': ${JSON.stringify(each)}`);
    return each[name];
  }, value);
}
