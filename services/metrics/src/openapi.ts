const GUID = { name: 'guid', in: 'path', required: true, schema: { type: 'string' } };

/** Parameters of Prometheus' HTTP API, by the query that takes them; the first ones are needed. */
const QUERIES = {
  query: { needed: ['query'], optional: ['time'], summary: 'at one moment' },
  query_range: { needed: ['query', 'start', 'end', 'step'], optional: [], summary: 'over a time' },
} as const;

const PLACES = [
  {
    path: '/v1/endpoints/{guid}',
    narrowed: ['prometheus', 'job', 'instance'],
    of: 'an endpoint that you see',
  },
  { path: '/v1/admin/prometheus/{guid}', narrowed: [], of: 'all that a Prometheus knows (administrators)' },
] as const;

/** The plugin's API description (OpenAPI 3.1). */
export const openapi = {
  openapi: '3.1.0',
  info: {
    title: 'Metrics',
    version: '0.1.0',
    description:
      'Queries to the Prometheus servers that you are connected to; answers are those of Prometheus.',
  },
  paths: Object.fromEntries(
    PLACES.flatMap(({ path, narrowed, of }) =>
      Object.entries(QUERIES).map(([api, { needed, optional, summary }]) => [
        `${path}/${api}`,
        {
          get: {
            summary: `Metrics of ${of}, ${summary}`,
            parameters: [
              GUID,
              ...needed.map((name) => parameter(name, true)),
              ...[...optional, ...narrowed].map((name) => parameter(name, false)),
            ],
            responses: { '200': { description: 'What Prometheus answers' } },
          },
        },
      ]),
    ),
  ),
};

function parameter(name: string, required: boolean): object {
  return { name, in: 'query', required, schema: { type: 'string' } };
}
