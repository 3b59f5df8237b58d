import { z } from 'zod';
import { BODIES } from './routes/bodies.ts';

type Body = keyof typeof BODIES;

/** Method and path, what it does, the body it takes, the status it answers with. */
const ROUTES: readonly (readonly [string, string, string, Body | undefined, number])[] = [
  ['get', '/v1/types', 'The types of endpoints, how to register and how to connect', undefined, 200],
  ['get', '/v1/endpoints', 'The endpoints that you may see, with your connections', undefined, 200],
  ['post', '/v1/endpoints', 'Register an endpoint', 'endpoint', 201],
  ['get', '/v1/endpoints/{guid}', 'One endpoint', undefined, 200],
  ['patch', '/v1/endpoints/{guid}', 'Another name, or TLS settings, which are tried', 'endpointChange', 200],
  ['delete', '/v1/endpoints/{guid}', 'Unregister an endpoint, with all connections to it', undefined, 204],
  ['get', '/v1/endpoints/{guid}/connection', 'Your connection, or the one for everybody', undefined, 200],
  ['post', '/v1/endpoints/{guid}/connection', 'Connect, once the credentials were tried', 'connection', 201],
  ['delete', '/v1/endpoints/{guid}/connection', 'Disconnect; `shared=1` for everybody', undefined, 204],
  ['post', '/v1/endpoints/{guid}/connection/validate', 'Try the credentials that are kept', undefined, 204],
  ['get', '/v1/events', "What has become of endpoints of the calling plugin's types", undefined, 200],
  ['get', '/v1/proxy', 'Ask several endpoints at once', undefined, 200],
  [
    'get',
    '/v1/proxy/{guid}/{path}',
    'Pass a request on with your credentials, by any method',
    undefined,
    200,
  ],
  ['post', '/v1/keys/rotate', 'Put all credentials under another key (the operator)', undefined, 200],
];

/** Parameters of queries, by method and path. */
const QUERIES: Readonly<Record<string, readonly object[]>> = {
  'delete /v1/endpoints/{guid}/connection': [
    query('shared', { type: 'string', enum: ['0', '1'], default: '0' }),
  ],
  'get /v1/proxy': [
    query('guids', { type: 'string', description: 'Separated by commas.' }),
    query('path', { type: 'string', default: '' }),
  ],
  'get /v1/events': [
    query('after', { type: 'integer', minimum: 0, default: 0 }),
    query('limit', { type: 'integer', minimum: 1, maximum: 1000, default: 100 }),
  ],
};

/** The plugin's API description (OpenAPI 3.1); bodies are described by what checks them. */
export const openapi = {
  openapi: '3.1.0',
  info: {
    title: 'Endpoints',
    version: '0.1.0',
    description: 'External systems that users register and connect to.',
  },
  paths: paths(),
};

function paths(): Record<string, Record<string, object>> {
  const found: Record<string, Record<string, object>> = {};
  for (const [method, path, summary, body, status] of ROUTES) {
    (found[path] ??= {})[method] = {
      summary,
      ...parametersOf(method, path),
      ...(body === undefined ? {} : { requestBody: bodyOf(body) }),
      responses: { [status]: { description: 'Done' } },
    };
  }
  return found;
}

function parametersOf(method: string, path: string): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const inPath = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const parameters = [...inPath, ...(QUERIES[`${method} ${path}`] ?? [])];
  return parameters.length === 0 ? {} : { parameters };
}

function query(name: string, schema: object): object {
  return { name, in: 'query', schema };
}

function bodyOf(body: Body): object {
  const schema = z.toJSONSchema(BODIES[body], { io: 'input' });
  return { required: true, content: { 'application/json': { schema } } };
}
