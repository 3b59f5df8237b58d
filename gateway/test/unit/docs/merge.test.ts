import assert from 'node:assert/strict';
import { answering, at, EVERYBODY, lint, merged, NOBODY, read, sketchApi } from '../../support/merging.ts';

const REPORT = { $ref: '#/components/schemas/Report' };
const REPORTS = sketchApi(
  { '/reports': { get: answering(REPORT, { operationId: 'list', tags: ['reports'] }) } },
  {
    tags: [{ name: 'reports', description: 'All of them' }],
    components: { schemas: { Report: { type: 'object', properties: { next: REPORT } } } },
  },
);

describe('merging API descriptions', () => {
  it('keeps two plugins apart that use the same names', async () => {
    const both = await merged([
      { document: REPORTS, plugin: { id: 'ships' } },
      { document: REPORTS, plugin: { id: 'weather' } },
    ]);
    assert.deepEqual(await lint(both), []);
    assert.deepEqual(Object.keys(at(both, 'paths') as object), [
      '/api/ships/reports',
      '/api/weather/reports',
    ]);
    const operation = at(both, 'paths', '/api/weather/reports', 'get');
    assert.equal(at(operation, 'operationId'), 'weather.list');
    assert.deepEqual(at(operation, 'tags'), ['weather.reports']);
    const schema = at(operation, 'responses', '200', 'content', 'application/json', 'schema');
    assert.deepEqual(schema, { $ref: '#/components/schemas/weather.Report' });
    const schemas = at(both, 'components', 'schemas');
    assert.deepEqual(Object.keys(schemas as object), ['ships.Report', 'weather.Report']);
    assert.deepEqual(at(schemas, 'ships.Report', 'properties', 'next'), {
      $ref: '#/components/schemas/ships.Report',
    });
    assert.deepEqual(at(both, 'tags', '1'), { name: 'weather.reports', description: 'All of them' });
  });

  it('is the same whatever order plugins list things in', async () => {
    const paths = { '/a': { get: answering({}) }, '/b': { get: answering({}), put: answering({}) } };
    const turned = { '/b': { put: answering({}), get: answering({}) }, '/a': { get: answering({}) } };
    const texts = await Promise.all(
      [paths, turned].map(async (each) =>
        JSON.stringify(await merged([{ document: sketchApi(each), plugin: { id: 'ships' } }])),
      ),
    );
    assert.equal(texts[0], texts[1]);
  });

  it('takes security from the guards of routes, whatever a plugin claims', async () => {
    const claim = { security: [{ theirs: [] }] };
    const document = sketchApi(
      {
        '/': { get: answering({}, claim) },
        '/v1/{id}': { get: answering({}, claim), delete: answering({}, { security: [] }) },
        '/v1/admin/x': { post: answering({}, { description: 'Turns it off.' }) },
      },
      { components: { securitySchemes: { theirs: { type: 'http', scheme: 'basic' } } }, security: [] },
    );
    const routes = [
      { path: '/v1/*', methods: ['GET'], guard: 'key' as const },
      { path: '/v1/**', guard: 'session' as const },
      { path: '/v1/admin/**', guard: 'admin' as const },
    ];
    const all = await merged([{ document, plugin: { id: 'ships', http: { routes } } }]);
    assert.deepEqual(await lint(all), []);
    const guardOf = (path: string, method: string): unknown =>
      at(all, 'paths', `/api/ships${path}`, method, 'x-plugmesh-guard');
    assert.equal(guardOf('/', 'get'), 'public');
    assert.equal(guardOf('/v1/{id}', 'get'), 'key');
    assert.equal(guardOf('/v1/{id}', 'delete'), 'session');
    assert.equal(guardOf('/v1/admin/x', 'post'), 'admin');
    assert.deepEqual(at(all, 'paths', '/api/ships/', 'get', 'security'), []);
    const ways = [{ 'plugmesh.bearer': [] }, { 'plugmesh.key': [] }, { 'plugmesh.session': [] }];
    assert.deepEqual(at(all, 'paths', '/api/ships/v1/{id}', 'delete', 'security'), ways);
    assert.equal(
      at(all, 'paths', '/api/ships/v1/admin/x', 'post', 'description'),
      'Turns it off.\n\nFor administrators.',
    );
    assert.deepEqual(Object.keys(at(all, 'components', 'securitySchemes') as object), [
      ...['plugmesh.bearer', 'plugmesh.key', 'plugmesh.session'],
    ]);
  });

  it('shows to each viewer only what may be called, and only the components of that', async () => {
    const document = sketchApi(
      {
        '/open': { get: answering({ $ref: '#/components/schemas/Open' }) },
        '/closed': { get: answering({ $ref: '#/components/schemas/Secret' }, { tags: ['inner'] }) },
      },
      {
        tags: [{ name: 'inner', description: 'Not for everybody' }],
        components: {
          schemas: {
            Open: { properties: { part: { $ref: '#/components/schemas/Part' } } },
            Part: { type: 'string' },
            Secret: { properties: { plan: { type: 'string' } } },
          },
        },
      },
    );
    const plugin = { id: 'ships', http: { routes: [{ path: '/closed', guard: 'session' as const }] } };
    const seen = await merged([{ document, plugin }], NOBODY);
    assert.deepEqual(await lint(seen), []);
    assert.deepEqual(Object.keys(at(seen, 'paths') as object), ['/api/ships/open']);
    assert.deepEqual(Object.keys(at(seen, 'components', 'schemas') as object), ['ships.Open', 'ships.Part']);
    assert.doesNotMatch(JSON.stringify(seen), /Secret|plan|Not for everybody/);
    assert.match(JSON.stringify(await merged([{ document, plugin }], EVERYBODY)), /Secret/);
  });

  it('says nothing to strangers of hidden operations that public ones borrow from', async () => {
    const borrowed = { $ref: '#/paths/~1closed/get/responses/200/content/application~1json/schema' };
    const document = sketchApi({
      '/closed': {
        get: answering({ type: 'object', title: 'Lent' }, { summary: 'A secret', operationId: 'closedOne' }),
      },
      '/open': {
        get: answering({ type: 'array', items: borrowed }),
        put: answering(borrowed),
        post: {
          responses: {
            201: {
              description: 'Made',
              links: { by: { operationId: 'closedOne' }, at: { operationRef: '#/paths/~1closed/get' } },
            },
          },
        },
      },
    });
    const plugin = { id: 'ships', http: { routes: [{ path: '/closed', guard: 'admin' as const }] } };
    const seen = await merged([{ document, plugin }], NOBODY);
    assert.deepEqual(await lint(seen), []);
    assert.match(JSON.stringify(seen), /Lent/);
    assert.doesNotMatch(JSON.stringify(seen), /A secret|closed/);
  });
});

describe('references in API descriptions', () => {
  it('follow their targets in mappings, path items and names with odd characters', async () => {
    const document = sketchApi(
      {
        '/cats/{id}': { $ref: '#/components/pathItems/Cat' },
        '/pets': {
          get: answering({
            oneOf: [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }],
            discriminator: {
              propertyName: 'kind',
              mapping: { purring: 'Cat', wild: 'https://x.test/w.json' },
            },
          }),
          post: {
            operationId: 'make',
            responses: {
              201: {
                description: 'Made',
              },
            },
          },
        },
      },
      {
        components: {
          pathItems: { Cat: { get: answering({ $ref: '#/components/schemas/Cat/properties/name~1of' }) } },
          schemas: { Cat: { properties: { 'name/of': { type: 'string' } } }, Dog: { type: 'object' } },
        },
      },
    );
    const all = await merged([{ document, plugin: { id: 'ships' } }]);
    const cat = at(all, 'paths', '/api/ships/cats/{id}', 'get', 'responses', '200', 'content');
    assert.deepEqual(at(cat, 'application/json', 'schema'), {
      $ref: '#/components/schemas/ships.Cat/properties/name~1of',
    });
    const pets = at(all, 'paths', '/api/ships/pets');
    const schema = at(pets, 'get', 'responses', '200', 'content', 'application/json', 'schema');
    assert.deepEqual(at(schema, 'discriminator', 'mapping'), {
      Cat: '#/components/schemas/ships.Cat',
      Dog: '#/components/schemas/ships.Dog',
      purring: '#/components/schemas/ships.Cat',
    });
    assert.deepEqual(await lint(all), []);
  });

  it('are left out with a note when they lead out of the document, or nowhere', async () => {
    const document = sketchApi({
      '/a': {
        get: {
          parameters: [{ $ref: 'https://x.test/p.json' }, { name: 'q', in: 'query', schema: {} }],
          requestBody: { $ref: 'file:///etc/passwd' },
          responses: {
            200: { $ref: '#/components/responses/Gone' },
            201: { description: 'Made', content: { 'text/plain': { schema: { $ref: 'other.yaml#/X' } } } },
          },
        },
      },
    });
    const all = await merged([{ document, plugin: { id: 'ships' } }]);
    assert.deepEqual(await lint(all), []);
    const get = at(all, 'paths', '/api/ships/a', 'get');
    assert.equal((at(get, 'parameters') as unknown[]).length, 1);
    assert.equal(at(get, 'requestBody'), undefined);
    assert.match(String(at(get, 'responses', '200', 'description')), /Gone/);
    assert.match(JSON.stringify(at(all, 'x-plugmesh-plugins', '0', 'notes')), /passwd/);
    assert.doesNotMatch(JSON.stringify(all), /"\$ref"/);
  });

  it('are left out when they lead to another one that leads nowhere', async () => {
    const to = (section: string, name: string): object => ({ $ref: `#/components/${section}/${name}` });
    const document = sketchApi(
      {
        '/a': {
          get: answering(to('schemas', 'Loop'), {
            parameters: [to('parameters', 'Far'), to('parameters', 'Identity'), to('parameters', 'Near')],
          }),
        },
      },
      {
        components: {
          schemas: { Loop: to('schemas', 'Loop') },
          parameters: {
            Far: { $ref: 'https://x.test/p.json' },
            Near: { name: 'q', in: 'query', schema: {} },
            Identity: { name: 'X-Plugmesh-Identity', in: 'header', schema: {} },
          },
        },
      },
    );
    const all = await merged([{ document, plugin: { id: 'ships' } }]);
    assert.deepEqual(await lint(all), []);
    const get = at(all, 'paths', '/api/ships/a', 'get');
    // What the gateway itself says to plugins is nothing to be tried.
    assert.deepEqual(at(get, 'parameters'), [{ $ref: '#/components/parameters/ships.Near' }]);
  });

  it('are data where they stand in examples, defaults and constants', async () => {
    const data = { $ref: '#/not/a/reference' };
    const schema = { type: 'object', default: data, const: data, enum: [data], examples: [data] };
    const { paths } = await read(sketchApi({ '/a': { get: answering(schema) } }));
    assert.deepEqual(
      at(paths, '/api/ships/a', 'get', 'responses', '200', 'content', 'application/json', 'schema'),
      schema,
    );
  });
});
