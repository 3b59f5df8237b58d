import { z } from 'zod';
import { manifestSchema } from './manifest-schema.ts';

/** The JSON Schema of `plugin.json` for editors, as `docs/reference/plugin.schema.json` holds it. */
export function manifestJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(manifestSchema, { io: 'input' });
  return { ...schema, title: 'plugin.json of plugmesh' };
}

/** One field of a manifest, as the reference lists it. */
export interface ManifestField {
  /** Dotted, elements of lists as `[]`: `http.routes[].guard`. */
  readonly path: string;
  readonly description: string | undefined;
  readonly isRequired: boolean;
  readonly default: unknown;
  readonly values: readonly string[] | undefined;
}

interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
}

/** Every field of a manifest, outer ones first. */
export function manifestFields(): ManifestField[] {
  // The JSON Schema is made by zod from our own schema: its shape is known.
  let level: [string, SchemaNode][] = [['', manifestJsonSchema()]];
  const fields: ManifestField[] = [];
  while (level.length > 0) {
    const inner = level.flatMap(([path, node]) => childrenOf(path, node));
    fields.push(...inner.map(({ field }) => field));
    level = inner.map(({ field, node }) => [field.path, node]);
  }
  return fields;
}

function childrenOf(parent: string, node: SchemaNode): { field: ManifestField; node: SchemaNode }[] {
  const [object, prefix] = node.items?.properties ? [node.items, `${parent}[].`] : [node, `${parent}.`];
  return Object.entries(object.properties ?? {}).map(([name, child]) => ({
    node: child,
    field: {
      path: parent === '' ? name : `${prefix}${name}`,
      description: child.description,
      isRequired: object.required?.includes(name) ?? false,
      default: child.default,
      values: child.enum ?? child.items?.enum,
    },
  }));
}
