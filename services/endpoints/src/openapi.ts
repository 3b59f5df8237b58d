import { describeRoutes, type DescribedRoute } from '@plugmesh/shared/api-description';
import { BODIES } from './routes/bodies.ts';

const ROUTES: readonly DescribedRoute<keyof typeof BODIES>[] = [
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
  paths: describeRoutes(ROUTES, { bodies: BODIES, queries: QUERIES }),
};

function query(name: string, schema: object): object {
  return { name, in: 'query', schema };
}
