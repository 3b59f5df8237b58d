/** A kind of object in an OpenAPI 3.1 document. */
export type Shape =
  | 'pathItem'
  | 'operation'
  | 'parameter'
  | 'requestBody'
  | 'mediaType'
  | 'encoding'
  | 'responses'
  | 'response'
  | 'header'
  | 'example'
  | 'callback'
  | 'schema';

/** How a member holds objects of a shape. */
export type Holding = 'one' | 'list' | 'map';

type Members = Readonly<Record<string, readonly [Holding, Shape]>>;

/** Methods in the order in which they are shown. */
export const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] as const;

const SCHEMA_MEMBERS = {
  one: [
    ...['items', 'contains', 'additionalProperties', 'propertyNames', 'not', 'if', 'then', 'else'],
    ...['unevaluatedItems', 'unevaluatedProperties', 'contentSchema'],
  ],
  list: ['allOf', 'anyOf', 'oneOf', 'prefixItems'],
  map: ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'],
} as const;

const CONTENT: Members = { content: ['map', 'mediaType'] };
const EXAMPLES: Members = { examples: ['map', 'example'] };
const VALUE: Members = { schema: ['one', 'schema'], ...CONTENT, ...EXAMPLES };

/** Which members of which objects hold objects that are looked into; every other member is data. */
export const SHAPES: Readonly<Record<Shape, Members>> = {
  pathItem: {
    parameters: ['list', 'parameter'],
    ...Object.fromEntries(METHODS.map((method) => [method, ['one', 'operation'] as const])),
  },
  operation: {
    parameters: ['list', 'parameter'],
    requestBody: ['one', 'requestBody'],
    responses: ['one', 'responses'],
    callbacks: ['map', 'callback'],
  },
  parameter: VALUE,
  requestBody: CONTENT,
  mediaType: { schema: ['one', 'schema'], encoding: ['map', 'encoding'], ...EXAMPLES },
  encoding: { headers: ['map', 'header'] },
  // Its members are named by status; see `memberOf`.
  responses: {},
  response: { headers: ['map', 'header'], ...CONTENT },
  header: VALUE,
  example: {},
  // Its members are named by expressions; see `memberOf`.
  callback: {},
  schema: Object.fromEntries(
    Object.entries(SCHEMA_MEMBERS).flatMap(([holding, names]) =>
      names.map((name) => [name, [holding as Holding, 'schema'] as const]),
    ),
  ),
};

/** The sections of `components` that are taken over, and what they hold. */
export const SECTIONS: Readonly<Record<string, Shape>> = {
  schemas: 'schema',
  responses: 'response',
  parameters: 'parameter',
  examples: 'example',
  requestBodies: 'requestBody',
  headers: 'header',
  callbacks: 'callback',
  pathItems: 'pathItem',
};

/** What a member of an object of this shape holds; undefined: data, which is left as it is. */
export function memberOf(shape: Shape, name: string): readonly [Holding, Shape] | undefined {
  if (name.startsWith('x-')) return undefined;
  if (shape === 'responses') return ['one', 'response'];
  if (shape === 'callback') return ['one', 'pathItem'];
  return Object.hasOwn(SHAPES[shape], name) ? SHAPES[shape][name] : undefined;
}
