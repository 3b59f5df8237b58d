import { z } from 'zod';

/** Method and path, what it does, the body it takes by name, the status it answers with. */
export type DescribedRoute<Body extends string = string> = readonly [
  method: string,
  path: string,
  summary: string,
  body: Body | undefined,
  status: number,
];

/** What routes are described by besides themselves. */
export interface RouteParts<Body extends string> {
  /** What checks a body describes it. */
  readonly bodies: Readonly<Record<Body, z.ZodType>>;
  /** Parameters of queries (OpenAPI 3.1), by `<method> <path>`. */
  readonly queries?: Readonly<Record<string, readonly object[]>>;
}

/** `paths` of an OpenAPI 3.1 document, by path and method. */
export function describeRoutes<Body extends string>(
  routes: readonly DescribedRoute<Body>[],
  { bodies, queries = {} }: RouteParts<Body>,
): Record<string, Record<string, object>> {
  const found: Record<string, Record<string, object>> = {};
  for (const [method, path, summary, body, status] of routes) {
    (found[path] ??= {})[method] = {
      summary,
      ...parametersOf(path, queries[`${method} ${path}`]),
      ...(body === undefined ? {} : { requestBody: bodyOf(bodies[body]) }),
      responses: { [status]: { description: 'Done' } },
    };
  }
  return found;
}

function parametersOf(path: string, queries: readonly object[] = []): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const inPath = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const parameters = [...inPath, ...queries];
  return parameters.length === 0 ? {} : { parameters };
}

function bodyOf(body: z.ZodType): object {
  const schema = z.toJSONSchema(body, { io: 'input' });
  return { required: true, content: { 'application/json': { schema } } };
}
