import type { IncomingMessage } from 'node:http';
import { MeshError } from '@plugmesh/shared/errors';
import { readBody } from '../transport/read-body.ts';
import { isContainer, parseExactJson } from './exact-json.ts';

/** Longest body in bytes; the gateway lets no more through to the mesh's own services. */
const BODY_LIMIT = 1_048_576;

export type Fields = Readonly<Record<string, unknown>>;

/** The JSON object in a request's body. */
export async function readJson(request: IncomingMessage): Promise<Fields> {
  const text = await readBody(request, BODY_LIMIT);
  let value: unknown;
  try {
    value = parseExactJson(text);
  } catch (cause) {
    throw new MeshError('MESH_BAD_REQUEST', 'the body is not JSON, or nests too deeply', { cause });
  }
  return readFields(value, 'the body');
}

/** Takes a value for an object with fields; `what` names it. */
export function readFields(value: unknown, what: string): Fields {
  if (isContainer(value) && !Array.isArray(value)) return value as Fields;
  throw new MeshError('MESH_BAD_REQUEST', `${what} must be a JSON object`);
}

/** Refuses fields that do not exist: a misspelt one would be left out in silence. */
export function allowFields(fields: Fields, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const fix = `it takes ${known.map((name) => `'${name}'`).join(', ')}`;
  throw new MeshError('MESH_BAD_REQUEST', `unknown field '${unknown}'`, { fix });
}
