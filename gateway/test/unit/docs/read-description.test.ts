import assert from 'node:assert/strict';
import { readDescription } from '../../../src/docs/read-description.ts';
import { answering, at, lint, merged, read, sketchApi } from '../../support/merging.ts';

const SOURCE = { id: 'ships', prefix: '/api/ships', stripPrefix: true };
const EMPTY = { get: answering({}) };

async function brokenBecause(document: unknown): Promise<string> {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const reading = await readDescription(text, SOURCE);
  return 'broken' in reading ? reading.broken : 'not broken';
}

/** Its paths in the mesh. */
async function pathsOf(paths: readonly string[], http = {}, rest = {}): Promise<string[]> {
  const document = sketchApi(Object.fromEntries(paths.map((path) => [path, EMPTY])), rest);
  return Object.keys((await read(document, { id: 'ships', http })).paths);
}

describe('reading an API description', () => {
  it('converts 3.0 to 3.1', async () => {
    const schema = {
      type: 'object',
      properties: {
        name: { type: 'string', nullable: true, example: 'Ada' },
        age: { type: 'number', minimum: 0, exclusiveMinimum: true },
        nullable: { type: 'boolean' },
        example: { type: 'string', maximum: 3, exclusiveMaximum: false },
      },
    };
    const document = { ...sketchApi({ '/a': { get: answering(schema) } }), openapi: '3.0.3' };
    const all = await merged([{ document, plugin: { id: 'ships' } }]);
    assert.deepEqual(await lint(all), []);
    const content = at(all, 'paths', '/api/ships/a', 'get', 'responses', '200', 'content');
    assert.deepEqual(at(content, 'application/json', 'schema', 'properties'), {
      name: { type: ['string', 'null'], examples: ['Ada'] },
      age: { type: 'number', exclusiveMinimum: 0 },
      nullable: { type: 'boolean' },
      example: { type: 'string', maximum: 3 },
    });
  });

  it('refuses what is neither 3.0 nor 3.1, with the reason', async () => {
    assert.equal(await brokenBecause('<html>'), 'it is not JSON');
    assert.match(await brokenBecause({ swagger: '2.0', info: {}, paths: {} }), /swagger is '2\.0'/);
    assert.match(await brokenBecause(sketchApi({}, { openapi: '4.0.0' })), /openapi is '4\.0\.0'/);
    assert.match(await brokenBecause([]), /openapi is missing/);
    assert.match(await brokenBecause('null'), /openapi is missing/);
    assert.match(
      await brokenBecause({ openapi: '3.1.0', info: { title: 'x' }, paths: {} }),
      /\/info .*version/,
    );
    const noName = sketchApi({ '/a': { get: answering({}, { parameters: [{ in: 'query' }] }) } });
    assert.match(await brokenBecause(noName), /not valid: \/paths/);
  });

  it('refuses what grows too long by what it refers to', async () => {
    const item = { get: answering({ description: 'x'.repeat(1_000_000) }) };
    const copies = Array.from({ length: 10 }, (_, at) => [`/${at}`, { $ref: '#/paths/~1a' }] as const);
    const document = sketchApi({ '/a': item, ...Object.fromEntries(copies) });
    assert.match(await brokenBecause(document), /longer than 6 MiB once/);
  });

  it('puts paths below the prefix, but never twice', async () => {
    const prefix = '/api/ships';
    assert.deepEqual(await pathsOf(['/', '/v1/x']), [`${prefix}/`, `${prefix}/v1/x`]);
    assert.deepEqual(await pathsOf([`${prefix}/v1/x`]), [`${prefix}/v1/x`]);
    assert.deepEqual(await pathsOf([`${prefix}/x`, '/y']), [`${prefix}${prefix}/x`, `${prefix}/y`]);
    const whole = { stripPrefix: false };
    assert.deepEqual(await pathsOf([`${prefix}/x`, '/healthz'], whole), [`${prefix}/x`]);
    assert.deepEqual(await pathsOf(['/x'], whole), [`${prefix}/x`]);
    const servers = [{ url: `${prefix}/` }];
    assert.deepEqual(await pathsOf(['/x'], whole, { servers }), [`${prefix}/x`]);
    assert.deepEqual(await pathsOf(['/x'], {}, { servers }), [`${prefix}/x`]);
    assert.deepEqual(await pathsOf(['/x'], {}, { servers: [{ url: 'https://elsewhere.test/y' }] }), [
      `${prefix}/x`,
    ]);
    assert.deepEqual(await pathsOf(['/x'], { prefix: '/boats' }), ['/boats/x']);
  });

  it('leaves out paths that a browser would take for others', async () => {
    const odd = ['/../other/x', '/a/%2e%2E/../b', '//elsewhere.test/', '/a?b', '/a#b', '/a%2fb/c', '/a/..'];
    assert.deepEqual(await pathsOf([...odd, '/fine/{id}']), ['/api/ships/fine/{id}']);
  });

  it('takes no servers, no extensions that speak for the mesh, and no name of an operation twice', async () => {
    const servers = [{ url: 'https://elsewhere.test' }];
    const own = { operationId: 'one', servers, 'x-plugmesh-guard': 'public', 'x-other': 1 };
    const document = sketchApi(
      { '/a': { get: answering({}, own), servers }, '/b': { get: answering({}, own) } },
      { servers },
    );
    const { paths, notes } = await read(document);
    assert.doesNotMatch(JSON.stringify(paths), /elsewhere|x-plugmesh/);
    assert.equal(JSON.stringify(paths).match(/ships\.one/g)?.length, 1);
    assert.match(notes.join(), /'one' names two operations/);
  });

  it('leaves out of schemas what is no JSON Schema, with a note', async () => {
    const wrong = { type: 5, enum: {}, required: 'x', maxLength: -1, allOf: [], properties: 3, items: 7 };
    const schema = { ...wrong, oneOf: [{ type: ['string', 'nothing'], minimum: '1' }], deprecated: true };
    const document = sketchApi({ '/a': { get: answering(schema) } });
    const all = await merged([{ document, plugin: { id: 'ships' } }]);
    assert.deepEqual(await lint(all), []);
    const content = at(all, 'paths', '/api/ships/a', 'get', 'responses', '200', 'content');
    assert.deepEqual(at(content, 'application/json', 'schema'), { oneOf: [{}], deprecated: true });
    assert.match(JSON.stringify(at(all, 'x-plugmesh-plugins')), /'type' of a schema cannot be 5/);
  });

  it('survives hostile documents', async () => {
    const polluting = `{"openapi":"3.1.0","info":{"title":"x","version":"1"},"__proto__":{"evil":1},"paths":
      {"/a":{"get":{"__proto__":{"evil":1},"responses":{"200":{"description":"x"}}}}},
      "components":{"schemas":{"constructor":{"properties":{"__proto__":{"type":"string"}}}}}}`;
    assert.doesNotMatch(JSON.stringify(await read(polluting)), /evil/);
    assert.equal(Object.hasOwn(Object.prototype, 'evil'), false);
    const deep = JSON.stringify(sketchApi({})).replace('"paths":{}', `"paths":{},"x-a":${nested(100)}`);
    assert.match(await brokenBecause(deep), /deep/);
    assert.match(await brokenBecause(nested(200_000)), /deep|stack/i);
    assert.match(await brokenBecause(sketchApi({}, { 'x-a': Array(200_001).fill(0) })), /200000 values/);
    const circle = { $ref: '#/paths/~1a/get/responses/200/content/application~1json/schema' };
    const { components } = await read(sketchApi({ '/a': { get: answering({ items: circle }) } }));
    assert.equal(Object.keys(components['schemas'] ?? {}).length, 1);
    const wrong = { type: 'object', properties: 3, allOf: {}, items: [] };
    assert.ok(await read(sketchApi({ '/a': { get: answering(wrong) } })));
  });
});

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}
