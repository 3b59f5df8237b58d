import { isObject, pointerTo, type JsonObject } from './json.ts';

/** Where a reference leads in the merged document. */
type Resolve = (ref: string) => string | undefined;

/**
 * The discriminator of a schema with an explicit mapping: values that stand for schemas by their names would mean nothing
 * once the schemas have other names (OpenAPI 3.1, § 4.8.25).
 */
export function discriminatorOf(schema: JsonObject, schemas: JsonObject, resolve: Resolve): JsonObject {
  const { discriminator } = schema;
  if (!isObject(discriminator)) return {};
  const said = isObject(discriminator['mapping']) ? Object.entries(discriminator['mapping']) : [];
  const implied = [...members(schema), ...children(schema, schemas)].map((name) => [name, name] as const);
  const mapping = Object.fromEntries(
    [...implied, ...said].flatMap(([value, target]) => {
      const found = typeof target === 'string' ? resolve(asReference(target, schemas)) : undefined;
      return found === undefined ? [] : [[value, found] as const];
    }),
  );
  return { discriminator: { ...discriminator, mapping } };
}

/** A mapping names a schema, or refers to one. */
function asReference(target: string, schemas: JsonObject): string {
  return Object.hasOwn(schemas, target) ? refTo(target) : target;
}

function refTo(name: string): string {
  return `#${pointerTo(['components', 'schemas', name])}`;
}

/** Names of the components that a schema is one of. */
function members({ oneOf, anyOf }: JsonObject): string[] {
  return [oneOf, anyOf]
    .flatMap(refsIn)
    .flatMap((ref) => /^#\/components\/schemas\/([^/]+)$/.exec(ref)?.[1] ?? []);
}

/** Names of the components that are made of this one. */
function children(schema: JsonObject, schemas: JsonObject): string[] {
  const [name] = Object.entries(schemas).find(([, each]) => each === schema) ?? [];
  if (name === undefined) return [];
  return Object.entries(schemas).flatMap(([child, each]) =>
    isObject(each) && refsIn(each['allOf']).includes(refTo(name)) ? [child] : [],
  );
}

function refsIn(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((each: unknown) =>
    isObject(each) && typeof each['$ref'] === 'string' ? [each['$ref']] : [],
  );
}
