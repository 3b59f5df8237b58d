import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MeshProblems } from '@plugmesh/shared/errors';
import { loadConfig } from '@plugmesh/shared/config';
import { parseManifest, parseRegisteredManifest, type FoundManifest } from '@plugmesh/shared/manifest';
import {
  buildMeshDocument,
  compileRoutes,
  parseMeshDocument,
  type BuiltDocument,
  type DocumentInput,
  type MeshPlugin,
} from '@plugmesh/shared/mesh-document';

const NOTHING = { found: [], registrations: [], ports: {}, states: {}, overrides: {}, version: 1 };
const CONFIG = loadConfig({ cwd: import.meta.dirname, env: {} });
const RUN = { run: ['node', 'main.ts'] };

function type(name: string, fields: object = {}): object {
  return { type: name, connect: [{ kind: 'none' }], ...fields };
}

function found(id: string, endpoints: readonly object[], fields: object = RUN): FoundManifest {
  const file = `/mesh/services/${id}/plugin.json`;
  return { id, file, manifest: parseManifest(JSON.stringify({ name: id, ...fields, endpoints }), file) };
}

function build(input: Partial<DocumentInput>): BuiltDocument {
  const built = buildMeshDocument({ ...NOTHING, config: CONFIG, ...input });
  assert.deepEqual(parseMeshDocument(JSON.stringify(built.document)), built.document);
  return built;
}

function providers({ document }: BuiltDocument): [string, string][] {
  return document.endpointTypes.map(({ type: name, plugin }) => [name, plugin]);
}

function pluginOf({ document }: BuiltDocument, id: string): MeshPlugin | undefined {
  return document.plugins.find((each) => each.id === id);
}

describe('endpoint types in the mesh document', () => {
  it('are those of all manifests, with what was left out filled in', () => {
    const built = build({
      found: [found('a', [type('one'), type('two', { hooks: ['info'] })]), found('b', [type('three')])],
    });
    assert.deepEqual(providers(built), [
      ['one', 'a'],
      ['two', 'a'],
      ['three', 'b'],
    ]);
    assert.deepEqual(built.document.endpointTypes[1], {
      plugin: 'a',
      type: 'two',
      title: 'two',
      subTypes: [],
      connect: [{ kind: 'none', title: 'Without credentials', fields: [] }],
      hooks: ['info'],
      callouts: '/endpoint',
    });
  });

  it('belong to one plugin each: the later one is refused, and both are named', () => {
    const built = build({ found: [found('a', [type('one')]), found('b', [type('one'), type('two')])] });
    assert.deepEqual(providers(built), [
      ['one', 'a'],
      ['two', 'b'],
    ]);
    assert.equal(pluginOf(built, 'b')?.state, 'invalid');
    assert.deepEqual(
      built.problems.map(({ code, message }) => [code, message]),
      [['MESH_MANIFEST_CLASH', "'b' claims endpoint type 'one', which 'a' already has"]],
    );
  });

  it('stay when their plugin is disabled, until another one has them', () => {
    const files = [found('a', [type('one')]), found('b', [type('one')])];
    const overrides = { a: { enabled: false }, b: { enabled: false } };
    assert.deepEqual(providers(build({ found: files, overrides })), [['one', 'a']]);
    assert.deepEqual(providers(build({ found: files, overrides: { a: { enabled: false } } })), [
      ['one', 'b'],
    ]);
  });

  it('are not there for a registration that was not granted them', () => {
    const manifest = parseRegisteredManifest({ name: 'far', endpoints: [type('one')] }, 'far');
    const registrations = [{ plugin: 'far', instance: 'far-1', url: 'http://10.0.0.9:80', manifest }];
    const refused = build({ registrations });
    assert.deepEqual(providers(refused), []);
    assert.equal(pluginOf(refused, 'far')?.failure?.code, 'MESH_FORBIDDEN');
    assert.equal(
      pluginOf(refused, 'far')?.failure?.fix,
      'grant it in plugmesh.toml: [plugins.far.grants] endpoints',
    );
    const far = {
      grants: { aliases: [], topics: [], middleware: false, endpoints: ['one'] },
      urls: [],
      config: {},
    };
    const granted = build({ registrations, config: { ...CONFIG, pluginSettings: { far } } });
    assert.deepEqual(providers(granted), [['one', 'far']]);
  });

  it('are none in the document of a mesh that is older', () => {
    const { endpointTypes, ...older } = build({}).document;
    assert.deepEqual(endpointTypes, []);
    assert.deepEqual(parseMeshDocument(JSON.stringify(older)).endpointTypes, []);
  });
});

describe('callouts of an endpoint type', () => {
  const types = [type('one', { hooks: ['info'] }), type('two', { hooks: ['sign'], callouts: '/v1/sign' })];
  const http = {
    guard: 'public',
    routes: [
      { path: '/*/info', guard: 'public', plugins: ['*'] },
      { path: '/**', guard: 'key' },
    ],
  };
  const match = () => {
    const entry = pluginOf(build({ found: [found('a', types, { ...RUN, http })] }), 'a');
    assert.ok(entry);
    return compileRoutes(entry.http);
  };

  for (const path of [
    '/endpoint/info',
    '/endpoint',
    '/endpoint/',
    '/ENDPOINT/info',
    '/v1/sign/sign',
    '/v1/Sign/sign/',
    '/endpoint/no/such',
  ])
    it(`are closed at '${path}' to everybody but endpoints, whatever else the manifest says`, () => {
      for (const method of ['GET', 'POST', 'PUT']) {
        const { guard, plugins } = match()(path, method);
        assert.equal(guard, 'none');
        assert.ok(!plugins.includes('*') && plugins.every((id) => id === 'endpoints'), String(plugins));
      }
    });

  it('are closed in every spelling by every manifest that is accepted', () => {
    const segment = fc.constantFrom('endpoint', 'Endpoint', '%65ndpoint', '*', 'info');
    const path = fc
      .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '/', '/**'))
      .map(([parts, end]) => `/${parts.join('/')}${end}`);
    const methods = fc.option(fc.constant(['POST']), { nil: undefined });
    const guard = fc.constantFrom('public', 'admin', 'none');
    const routes = fc.array(fc.record({ path, methods, guard, plugins: fc.constant(['*']) }), {
      maxLength: 4,
    });
    const asked = fc.constantFrom(
      '/endpoint',
      '/endpoint/info',
      '/Endpoint/info',
      '/ENDPOINT/x/y',
      '/endpoint/info/',
    );
    let accepted = 0;
    fc.assert(
      fc.property(routes, asked, (rules, request) => {
        const entry = entryWith(rules);
        if (!entry) return;
        accepted += 1;
        const { guard: found, plugins } = compileRoutes(entry.http)(request, 'POST');
        assert.equal(found, 'none', request);
        assert.ok(
          plugins.every((id) => id === 'endpoints'),
          `${request} lets ${plugins.join()} in`,
        );
      }),
      { numRuns: 1000 },
    );
    assert.ok(accepted > 100, String(accepted));
  });

  /** Undefined where the manifest is refused. */
  function entryWith(routes: readonly object[]): MeshPlugin | undefined {
    try {
      const file = found('a', types, { ...RUN, http: { guard: 'public', routes } });
      return pluginOf(buildMeshDocument({ ...NOTHING, config: CONFIG, found: [file] }), 'a');
    } catch (error) {
      if (error instanceof MeshProblems) return undefined;
      throw error;
    }
  }

  it('are open to endpoints', () => {
    assert.deepEqual(match()('/endpoint/info', 'POST').plugins, ['endpoints']);
    assert.deepEqual(match()('/v1/sign/sign', 'POST').plugins, ['endpoints']);
  });

  it('close nothing where there are none', () => {
    const entry = pluginOf(build({ found: [found('a', [type('one')])] }), 'a');
    assert.deepEqual(entry?.http.routes, []);
  });
});

describe('a plugin without code', () => {
  const files = [found('forge', [type('forge')], {})];

  it('is ready, without an instance, a language and a description of an API', () => {
    const forge = pluginOf(build({ found: files }), 'forge');
    assert.deepEqual(
      [forge?.state, forge?.reason, forge?.instances, forge?.language, forge?.http.openapi],
      ['ready', undefined, [], undefined, false],
    );
  });

  it('is disabled like any other', () => {
    const built = build({ found: files, overrides: { forge: { enabled: false } } });
    assert.equal(pluginOf(built, 'forge')?.state, 'disabled');
  });

  it('may be depended on', () => {
    const built = build({
      found: [...files, found('other', [type('other')], { ...RUN, dependsOn: ['forge'] })],
    });
    assert.deepEqual(built.problems, []);
  });

  it('has instances where the configuration names a URL', () => {
    const forge = { urls: ['http://127.0.0.1:81'], config: {} };
    const built = build({ found: files, config: { ...CONFIG, pluginSettings: { forge } } });
    assert.equal(pluginOf(built, 'forge')?.instances.length, 1);
  });
});
