import { MeshError } from '../errors/index.ts';
import { describeIssue, nameOfPath, valueAt } from '../manifest/describe-issue.ts';
import { documentSchema } from './document-schema.ts';
import type { MeshDocument } from './types.ts';

/** Reads a mesh document and checks it whole. Throws a `MeshError` with code `MESH_DOCUMENT_INVALID`. */
export function parseMeshDocument(text: string): MeshDocument {
  const value = parseJson(text);
  const parsed = documentSchema.safeParse(value);
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.map((issue) => {
        const name = nameOfPath(issue.path) || 'the document';
        return describeIssue(issue, name, valueAt(value, issue.path)).message;
      }),
    );
  }
  const contradictions = contradictionsIn(parsed.data);
  if (contradictions.length > 0) throw invalid(contradictions);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MeshError('MESH_DOCUMENT_INVALID', 'the mesh document is not JSON', { cause });
  }
}

function invalid(problems: readonly string[]): MeshError {
  return new MeshError(
    'MESH_DOCUMENT_INVALID',
    `the mesh document does not hold together: ${problems.join('; ')}`,
  );
}

/** Parts that are right one by one, but do not go together. */
function contradictionsIn({ plugins, middleware, topics, endpointTypes }: MeshDocument): string[] {
  const ids = new Set(['mesh', ...plugins.map(({ id }) => id)]);
  const strangers = [...middleware, ...topics, ...endpointTypes].filter(({ plugin }) => !ids.has(plugin));
  return [
    ...repeated(plugins.map(({ id }) => `plugin '${id}'`)),
    ...repeated(
      plugins.flatMap(({ http }) => [http.prefix, ...http.aliases]).map((path) => `path '${path}'`),
    ),
    ...repeated(topics.map(({ pattern }) => `topic '${pattern}'`)),
    ...repeated(endpointTypes.map(({ type }) => `endpoint type '${type}'`)),
    ...strangers.map(({ plugin }) => `a rule names '${plugin}', which is not a plugin`),
  ];
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, at) => names.indexOf(name) < at).map((name) => `${name} is there twice`);
}
