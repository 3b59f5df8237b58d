import type { StandardSchemaV1 } from '@standard-schema/spec';
import { MeshError } from '../errors/index.ts';

/** A schema of zod, Valibot, ArkType or whatever else speaks Standard Schema; `Output` is what it makes of a value. */
export type Schema<Output> = StandardSchemaV1<unknown, Output>;

/** What a schema says of a value: the value as it reads it, or everything that is wrong with it. */
export type Validated<Output> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Holds a value against a schema; each problem is a line `'path' message`, without the value. */
export async function validate<Output>(schema: Schema<Output>, value: unknown): Promise<Validated<Output>> {
  // What TypeScript refuses, JavaScript hands over: a JSON Schema, as plugin.json has it.
  if (!('~standard' in schema))
    throw new MeshError(
      'MESH_USAGE',
      'a schema in code is one of zod, Valibot, ArkType; JSON Schema is for plugin.json',
    );
  const result = await schema['~standard'].validate(value);
  if (!result.issues) return { ok: true, value: result.value };
  return { ok: false, problems: result.issues.map(problemOf) };
}

function problemOf({ message, path = [] }: StandardSchemaV1.Issue): string {
  const name = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return name === '' ? message : `'${name}': ${message}`;
}
