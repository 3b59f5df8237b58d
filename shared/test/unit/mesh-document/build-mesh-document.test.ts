import assert from 'node:assert/strict';
import { hashCredential } from '@plugmesh/shared/access';
import { loadConfig, type PluginSettings } from '@plugmesh/shared/config';
import { MeshError, MeshProblems } from '@plugmesh/shared/errors';
import { parseManifest, parseRegisteredManifest, type FoundManifest } from '@plugmesh/shared/manifest';
import {
  buildMeshDocument,
  parseMeshDocument,
  type BuiltDocument,
  type DocumentInput,
  type MeshPlugin,
  type Registration,
} from '@plugmesh/shared/mesh-document';

const NOTHING = { found: [], registrations: [], ports: {}, states: {}, overrides: {}, version: 3 };
const CONFIG = loadConfig({ cwd: import.meta.dirname, env: {} });

function found(id: string, fields: object = {}): FoundManifest {
  const file = `/mesh/services/${id}/plugin.json`;
  return {
    id,
    file,
    manifest: parseManifest(JSON.stringify({ name: id, run: ['node', 'main.ts'], ...fields }), file),
  };
}

interface Parts extends Partial<DocumentInput> {
  readonly settings?: Readonly<Record<string, Partial<PluginSettings>>>;
  readonly enabled?: readonly string[];
}

function build({ settings = {}, enabled = ['*'], ...input }: Parts): BuiltDocument {
  const pluginSettings = Object.fromEntries(
    Object.entries(settings).map(([id, own]) => [id, { urls: [], config: {}, ...own }]),
  );
  const config = { ...CONFIG, plugins: enabled, pluginSettings };
  const built = buildMeshDocument({ ...NOTHING, ...input, config });
  assert.deepEqual(parseMeshDocument(JSON.stringify(built.document)), built.document);
  return built;
}

function plugin({ document }: BuiltDocument, id: string): MeshPlugin {
  const entry = document.plugins.find((each) => each.id === id);
  assert.ok(entry, `no plugin '${id}'`);
  return entry;
}

function codes({ problems }: BuiltDocument): string[] {
  return problems.map(({ code }) => code);
}

describe('the mesh document', () => {
  it('has the events of topics, for those who read about them', () => {
    const events = { moved: { type: 'object', properties: { lat: { type: 'number' } } } };
    const topics = [{ pattern: 'a', join: 'public', push: 'none', events }];
    const { document } = build({ found: [found('a', { topics })] });
    assert.deepEqual(document.topics.find(({ pattern }) => pattern === 'a')?.events, events);
  });

  it('has the topics that are always there, and addresses of control and channel', () => {
    const { document, problems } = build({});
    assert.deepEqual(problems, []);
    assert.deepEqual(
      document.topics.map(({ pattern, join }) => [pattern, join]),
      [
        ['system', 'public'],
        ['admin', 'admin'],
        ['streaming-*', 'owner'],
        ['phoenix', 'none'],
      ],
    );
    assert.equal(document.control.url, 'http://127.0.0.1:2346');
    assert.equal(document.channel.url, 'http://127.0.0.1:2347');
    assert.equal(document.version, 3);
  });

  it('takes the addresses that the settings give, where others do not reach host and port', () => {
    const env = { PLUGMESH__MESH__URL: 'http://mesh:2346', PLUGMESH__CHANNEL__URL: 'http://channel:2347/' };
    const config = loadConfig({ cwd: import.meta.dirname, env });
    const { document } = buildMeshDocument({ ...NOTHING, config });
    assert.equal(document.control.url, 'http://mesh:2346');
    assert.equal(document.channel.url, 'http://channel:2347');
  });

  it('expects no instance here of a plugin whose URL is configured, though a port is kept for it', () => {
    const built = build({
      found: [found('ships')],
      ports: { ships: [2350] },
      settings: { ships: { urls: ['http://ships:8000'] } },
    });
    assert.deepEqual(
      plugin(built, 'ships').instances.map(({ url }) => url),
      ['http://ships:8000'],
    );
  });

  it('serves a manifest’s plugin at /api/<id> with its ports as instances', () => {
    const built = build({
      found: [found('ships', { title: 'Ships', http: { aliases: ['/fleet'] } })],
      ports: { ships: [2350, 2351] },
    });
    const ships = plugin(built, 'ships');
    assert.equal(ships.http.prefix, '/api/ships');
    assert.deepEqual(ships.http.aliases, ['/fleet']);
    assert.equal(ships.http.guard, 'session');
    assert.equal(ships.language, 'node');
    assert.equal(ships.state, 'ready');
    assert.deepEqual(
      ships.instances.map(({ id, url }) => [id, url]),
      [
        ['ships-0', 'http://127.0.0.1:2350'],
        ['ships-1', 'http://127.0.0.1:2351'],
      ],
    );
  });

  it('serves two lines of configuration, closed unless they say otherwise', () => {
    const urls = ['http://127.0.0.1:8001'];
    const built = build({ settings: { open: { urls, guard: 'public' }, closed: { urls } } });
    assert.equal(plugin(built, 'open').http.guard, 'public');
    assert.equal(plugin(built, 'closed').http.guard, 'session');
    assert.equal(plugin(built, 'open').source, 'config');
    assert.equal(plugin(built, 'open').instances[0]?.url, urls[0]);
  });

  it('puts the configuration above the manifest', () => {
    const settings = {
      ships: { guard: 'admin', path: '/fleet', timeoutMs: 5, maxBody: 6, corsOrigins: ['https://a.org'] },
    } as const;
    const { http } = plugin(
      build({ found: [found('ships', { http: { guard: 'public' } })], settings }),
      'ships',
    );
    assert.deepEqual(
      [http.guard, http.prefix, http.timeoutMs, http.maxBody, http.corsOrigins],
      ['admin', '/fleet', 5, 6, ['https://a.org']],
    );
  });

  it('knows the hash of a configured key, not the key', () => {
    const apiKey = 'a-key-that-nobody-guesses';
    const built = build({ found: [found('ships')], settings: { ships: { apiKey } } });
    assert.equal(plugin(built, 'ships').http.keyHash, hashCredential(apiKey));
    assert.ok(!JSON.stringify(built.document).includes(apiKey));
  });

  it('takes state and instances from what was seen', () => {
    const states = { ships: { state: 'unready', reason: 'it hangs', instances: [] } } as const;
    const ships = plugin(build({ found: [found('ships')], ports: { ships: [2350] }, states }), 'ships');
    assert.deepEqual([ships.state, ships.reason, ships.instances], ['unready', 'it hangs', []]);
  });

  it('is the same for the same input', () => {
    const parts = { found: [found('a'), found('b')], ports: { a: [1] } };
    assert.deepEqual(build(parts).document, build(parts).document);
  });

  it('orders middleware by phase, order and name', () => {
    const middleware = (phase: string, order: number): object => ({
      middleware: { phase, path: '/check', order },
    });
    const { document } = build({
      found: [
        found('d', middleware('session', 1)),
        found('c', middleware('public', 200)),
        found('b', middleware('public', 100)),
        found('a', middleware('public', 100)),
      ],
    });
    assert.deepEqual(
      document.middleware.map((rule) => rule.plugin),
      ['a', 'b', 'c', 'd'],
    );
  });

  it('keeps middleware that is refused, so that what it guards stays closed', () => {
    const middleware = { phase: 'public', path: '/check' };
    const rules = (parts: Parts): string[] => build(parts).document.middleware.map(({ plugin }) => plugin);
    assert.deepEqual(rules({ found: [found('a', { middleware, dependsOn: ['nobody'] })] }), ['a']);
    const before = build({ found: [found('a', { middleware })] }).document.middleware;
    const problems = [new MeshError('MESH_MANIFEST_SYNTAX', 'a comma is missing')];
    const unreadable = { id: 'a', file: '/mesh/services/a/plugin.json', problems };
    assert.deepEqual(rules({ found: [unreadable], middleware: before }), ['a']);
    assert.deepEqual(rules({ found: [unreadable, found('b')] }), []);
    // Whoever disables it has opened what it guards.
    const settings = { a: { enabled: false } };
    assert.deepEqual(rules({ found: [unreadable], middleware: before, settings }), []);
    assert.deepEqual(rules({ found: [found('a')], middleware: before }), []);
  });
});

describe('enabling', () => {
  const files = [found('a', { topics: [{ pattern: 'a', join: 'public', push: 'none' }] }), found('b')];

  it('follows core.plugins, the plugin’s own setting above it, and what was said at run time above both', () => {
    const enabled = (parts: Parts): boolean[] =>
      build({ found: files, ...parts }).document.plugins.map((each) => each.enabled);
    assert.deepEqual(enabled({}), [true, true]);
    assert.deepEqual(enabled({ enabled: ['b'] }), [false, true]);
    assert.deepEqual(enabled({ enabled: ['b'], settings: { a: { enabled: true } } }), [true, true]);
    assert.deepEqual(enabled({ settings: { a: { enabled: true } }, overrides: { a: { enabled: false } } }), [
      false,
      true,
    ]);
  });

  it('leaves a disabled plugin without instances, topics and aliases, and says why', () => {
    const built = build({ found: files, enabled: ['b'], ports: { a: [2350] } });
    const { state, reason, instances } = plugin(built, 'a');
    assert.deepEqual([state, reason, instances], ['disabled', "'core.plugins' does not name it", []]);
    assert.ok(!built.document.topics.some(({ pattern }) => pattern === 'a'));
  });

  it('reports a name in core.plugins that is not there, with the one that was meant', () => {
    const [problem] = build({ found: [found('system')], enabled: ['sytem'] }).problems;
    assert.match(problem?.message ?? '', /'core\.plugins' names 'sytem'/);
    assert.equal(problem?.fix, "did you mean 'system'?");
  });
});

describe('a clash', () => {
  const topic = (pattern: string): object => ({ topics: [{ pattern, join: 'public', push: 'none' }] });

  it('of aliases refuses the later plugin and names both', () => {
    const alias = (path: string): object => ({ http: { aliases: [path] } });
    const built = build({ found: [found('a', alias('/ships')), found('b', alias('/Ships')), found('c')] });
    assert.deepEqual(codes(built), ['MESH_MANIFEST_CLASH']);
    assert.match(built.problems[0]?.message ?? '', /'b' claims path '\/ships', which 'a' already has/);
    assert.equal(plugin(built, 'b').state, 'invalid');
    assert.deepEqual(plugin(built, 'b').http.aliases, []);
    assert.equal(plugin(built, 'a').http.aliases[0], '/ships');
    assert.notEqual(plugin(built, 'c').state, 'invalid');
  });

  it('of topics refuses the later plugin, and nobody gets a topic of the mesh', () => {
    const built = build({
      found: [found('a', topic('news')), found('b', topic('news')), found('c', topic('admin'))],
    });
    assert.deepEqual(codes(built), ['MESH_MANIFEST_CLASH', 'MESH_MANIFEST_CLASH']);
    assert.match(plugin(built, 'b').reason ?? '', /'b' claims topic 'news', which 'a' already has/);
    assert.match(plugin(built, 'c').reason ?? '', /'c' claims topic 'admin', which 'mesh' already has/);
  });

  it('with a plugin that is disabled or refused is none', () => {
    const built = build({
      found: [found('a', topic('news')), found('b', topic('news'))],
      overrides: { a: { enabled: false } },
    });
    assert.deepEqual(codes(built), []);
    const cycle = build({
      found: [found('a', { ...topic('news'), dependsOn: ['a'] }), found('b', topic('news'))],
    });
    assert.deepEqual(codes(cycle), ['MESH_DEPENDENCY_CYCLE']);
    assert.notEqual(plugin(cycle, 'b').state, 'invalid');
  });

  it('with another plugin’s /api path cannot be configured, enabled or not', () => {
    const built = build({
      found: [found('a'), found('b')],
      settings: { a: { path: '/api/b' } },
      enabled: ['a'],
    });
    assert.match(plugin(built, 'a').reason ?? '', /'a' claims path '\/api\/b', which 'b' already has/);
  });
});

describe('dependencies', () => {
  it('in a circle refuse its members and name the circle', () => {
    const built = build({
      found: [
        found('a', { dependsOn: ['b'] }),
        found('b', { dependsOn: ['c'] }),
        found('c', { dependsOn: ['b'] }),
      ],
    });
    assert.deepEqual(codes(built), ['MESH_DEPENDENCY_CYCLE']);
    assert.match(built.problems[0]?.message ?? '', /b → c → b/);
    assert.deepEqual(
      built.document.plugins.filter(({ state }) => state === 'invalid').map(({ id }) => id),
      ['b', 'c'],
    );
  });

  it('on a plugin that does not exist are a problem with the name that was meant', () => {
    const [problem] = build({ found: [found('ships'), found('map', { dependsOn: ['ship'] })] }).problems;
    assert.match(problem?.message ?? '', /'map' depends on 'ship'/);
    assert.equal(problem?.fix, "did you mean 'ships'?");
  });
});

describe('what is wrong with one plugin', () => {
  it('is in its reason, and the others go on', () => {
    const position = { file: 'services/bad/plugin.json', line: 7, column: 5 };
    const problems = [new MeshError('MESH_MANIFEST_INVALID', 'it is wrong', { position })];
    const built = build({
      found: [{ id: 'bad', file: '/x', problems }, found('good')],
      ports: { good: [2350] },
    });
    assert.equal(
      plugin(built, 'bad').reason,
      'MESH_MANIFEST_INVALID: services/bad/plugin.json:7:5 it is wrong',
    );
    assert.equal(plugin(built, 'good').state, 'ready');
  });

  it('may be its settings, held against its own schema', () => {
    const config = {
      type: 'object',
      properties: { key: { type: 'string', writeOnly: true } },
      required: ['key'],
    };
    const parts = { found: [found('a', { config })] };
    assert.match(plugin(build(parts), 'a').reason ?? '', /'plugins\.a\.config\.key' is missing/);
    assert.notEqual(
      plugin(build({ ...parts, settings: { a: { config: { key: 'x' } } } }), 'a').state,
      'invalid',
    );
  });
});

describe('a registration', () => {
  const one = (manifest?: object): Registration => ({
    plugin: 'far',
    instance: 'far-x',
    url: 'http://10.0.0.9:80',
    version: '1.2.3',
    ...(manifest && { manifest: parseRegisteredManifest({ name: 'far', ...manifest }, 'far') }),
  });

  it('makes a plugin of its own, closed by default', () => {
    const far = plugin(build({ registrations: [one()] }), 'far');
    assert.deepEqual(
      [far.source, far.http.guard, far.version, far.state],
      ['registration', 'session', '1.2.3', 'ready'],
    );
    assert.equal(far.instances[0]?.url, 'http://10.0.0.9:80');
  });

  it('adds an instance to a plugin with a manifest file, which stands above the registered one', () => {
    const built = build({
      found: [found('far', { title: 'file' })],
      ports: { far: [2350] },
      registrations: [one({ title: 'registered', http: { guard: 'public' } })],
    });
    assert.deepEqual(codes(built), []);
    assert.equal(plugin(built, 'far').title, 'file');
    assert.equal(plugin(built, 'far').instances.length, 2);
  });

  it('may claim its own topics and stricter guards', () => {
    const topics = ['far', 'far:*'].map((pattern) => ({ pattern, join: 'public', push: 'none' }));
    assert.deepEqual(codes(build({ registrations: [one({ topics, http: { guard: 'admin' } })] })), []);
  });

  const wishes: [string, object, Partial<PluginSettings>][] = [
    [
      'aliases',
      { http: { aliases: ['/f'] } },
      { grants: { aliases: ['/f'], topics: [], middleware: false } },
    ],
    [
      'looser guards',
      { http: { guard: 'public' } },
      { grants: { aliases: [], topics: [], guard: 'public', middleware: false } },
    ],
    [
      'looser routes',
      { http: { routes: [{ path: '/x', guard: 'public' }] } },
      { grants: { aliases: [], topics: [], guard: 'public', middleware: false } },
    ],
    [
      'other topics',
      { topics: [{ pattern: 'news:1', join: 'public', push: 'none' }] },
      { grants: { aliases: [], topics: ['news:*'], middleware: false } },
    ],
    [
      'middleware',
      { middleware: { phase: 'public', path: '/check' } },
      { grants: { aliases: [], topics: [], middleware: true } },
    ],
  ];
  for (const [what, manifest, settings] of wishes) {
    it(`needs grants for ${what}`, () => {
      const refused = build({ registrations: [one(manifest)] });
      assert.deepEqual(codes(refused), ['MESH_FORBIDDEN']);
      assert.equal(plugin(refused, 'far').state, 'invalid');
      assert.deepEqual(codes(build({ registrations: [one(manifest)], settings: { far: settings } })), []);
    });
  }

  it('must carry its own name', () => {
    assert.throws(() => parseRegisteredManifest({ name: 'other' }, 'far'), MeshProblems);
  });
});
