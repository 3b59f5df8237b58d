import assert from 'node:assert/strict';
import { MeshProblems, type MeshError } from '@plugmesh/shared/errors';
import {
  isReservedName,
  isReservedPath,
  parseManifest,
  RESERVED_NAMES,
  type Manifest,
} from '@plugmesh/shared/manifest';

const FILE = '/mesh/services/ships/plugin.json';

function parse(fields: object): Manifest {
  return parseManifest(JSON.stringify({ name: 'ships', run: ['node', 'main.ts'], ...fields }), FILE);
}

function problemsOf(read: () => Manifest): readonly MeshError[] {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof MeshProblems, String(error));
    return error.problems;
  }
  assert.fail('no problem was found');
}

describe('a manifest', () => {
  it('needs a name and a command; the rest has defaults', () => {
    assert.deepEqual(parse({}), {
      name: 'ships',
      run: ['node', 'main.ts'],
      requires: {},
      setup: [],
      state: false,
      instances: 1,
      topics: [],
      dependsOn: [],
      folder: '/mesh/services/ships',
      http: {
        aliases: [],
        stripPrefix: true,
        guard: 'session',
        routes: [],
        html: 'sandbox',
        openapi: '/openapi.json',
        health: '/healthz',
        timeoutMs: 30_000,
        maxBody: 10_485_760,
      },
    });
  });

  it('may name its schema for editors', () => {
    assert.ok(!('$schema' in parse({ $schema: '../../docs/reference/plugin.schema.json' })));
  });

  it('writes sizes as bytes or in words, durations in words', () => {
    const route = { path: '/x', guard: 'public', maxBody: 5 };
    const history = { size: 10, ttl: '1h' };
    const { http, topics } = parse({
      http: { maxBody: '2KiB', routes: [route] },
      topics: [{ pattern: 'a', join: 'public', push: 'none', history }],
    });
    assert.equal(http.maxBody, 2048);
    assert.equal(http.routes[0]?.maxBody, 5);
    assert.deepEqual(topics[0]?.history, { size: 10, ttlMs: 3_600_000 });
  });

  it('lets middleware say who somebody is, in the ways of existing logins', () => {
    const setRequest = ['Remote-User', 'X-Forwarded-User', 'Authorization', 'X-Auth-Request-Email'];
    const setResponse = ['Content-Security-Policy', 'Set-Cookie', 'Cache-Control'];
    const { middleware } = parse({ middleware: { phase: 'public', path: '/', setRequest, setResponse } });
    assert.deepEqual([middleware?.setRequest, middleware?.setResponse], [setRequest, setResponse]);
  });

  it('fills in the defaults of topics and middleware', () => {
    const { topics, middleware } = parse({
      topics: [{ pattern: 'a:*', join: 'owner', push: 'none' }],
      middleware: { phase: 'public', path: '/check' },
    });
    const closed = { presence: false, envelope: false, overflow: 'disconnect' };
    assert.deepEqual(topics, [{ pattern: 'a:*', join: 'owner', push: 'none', ...closed }]);
    assert.deepEqual(middleware, {
      phase: 'public',
      path: '/check',
      order: 100,
      match: ['/'],
      timeoutMs: 500,
      onError: 'deny',
      setRequest: [],
      setResponse: [],
    });
  });

  for (const path of ['/', '/v1', '/v1/', '/v1/*', '/**', '/v1/**', '/*/x', '/a.b/~c', '/%C3%A9']) {
    it(`may have a rule for '${path}'`, () => {
      assert.equal(parse({ http: { routes: [{ path, guard: 'public' }] } }).http.routes[0]?.path, path);
    });
  }

  const wrong: [object, RegExp][] = [
    [{ name: 'Ships' }, /'name' must be lower-case letters/],
    [{ name: 'a'.repeat(41) }, /at most 40/],
    [{ name: 'healthz' }, /does not use itself, not 'healthz'/],
    [{ run: [] }, /'run' must be a program and its arguments/],
    [{ run: 'node main.ts' }, /'run' must be a list/],
    [{ port: 0 }, /'port' must be at least 1/],
    [{ port: 2400, instances: 2 }, /'instances' must be 1, because "port" is fixed, not '2'/],
    [{ requires: { python3: '3.9' } }, /'requires\.python3' must be a least version like ">=3\.9"/],
    [{ setup: ['make'] }, /'setup\[0\]' must be a list/],
    [{ http: { guard: 'sesion' } }, /'http\.guard' must be 'public', 'key', 'session' or 'admin'/],
    [{ http: { aliases: ['/Docs'] } }, /does not use itself/],
    [{ http: { aliases: ['/a/b'] } }, /one segment/],
    [{ http: { openapi: true } }, /or false/],
    [{ http: { maxBody: '10MB' } }, /a size like/],
    [{ http: { routes: [{ path: '/a*', guard: 'public' }] } }, /literal segments/],
    [{ http: { routes: [{ path: '/**/a', guard: 'public' }] } }, /literal segments/],
    [{ http: { routes: [{ path: 'a', guard: 'public' }] } }, /literal segments/],
    [{ http: { routes: [{ path: '/a' }] } }, /'http\.routes\[0\]\.guard' is missing/],
    [{ http: { routes: [{ path: '/a', guard: 'key', methods: ['get'] }] } }, /in capitals/],
    [
      { http: { routes: [{ path: '/a', guard: 'none', plugins: ['Ships'] }] } },
      /the name of a plugin, or "\*"/,
    ],
    [{ topics: [{ pattern: 'a*b', join: 'none', push: 'none' }] }, /a topic, or one that ends in "\*"/],
    [{ topics: [{ pattern: 'a', join: 'owner', push: 'none' }] }, /because of "owner"/],
    [
      {
        topics: [
          { pattern: 'a', join: 'public', push: 'none', events: { a: { description: 'x'.repeat(32_768) } } },
        ],
      },
      /'topics\[0\]\.events' must be schemas of at most 32 KiB as JSON/,
    ],
    ...['drop-oldest', 'latest'].map((overflow): [object, RegExp] => [
      { topics: [{ pattern: 'a', join: 'public', push: 'none', history: { size: 1, ttl: '1h' }, overflow }] },
      /'topics\[0\]\.overflow' must be "disconnect", because events of a topic with "history" must not be dropped/,
    ]),
    [{ middleware: { phase: 'late', path: '/x' } }, /'middleware\.phase'/],
    [{ middleware: { phase: 'public', path: '/ü' } }, /'middleware\.path'/],
    ...['Host', 'x-plugmesh-user', 'X-Forwarded-For', 'Content-Length', 'Connection', 'Via'].map(
      (name): [object, RegExp] => [
        { middleware: { phase: 'public', path: '/', setRequest: [name] } },
        /not for the gateway/,
      ],
    ),
    ...['Transfer-Encoding', 'Content-Type', 'Access-Control-Allow-Origin', 'X-Request-Id'].map(
      (name): [object, RegExp] => [
        { middleware: { phase: 'public', path: '/', setResponse: [name] } },
        /not for the gateway/,
      ],
    ),
    [{ dependsOn: ['A'] }, /'dependsOn\[0\]'/],
  ];
  for (const [fields, message] of wrong) {
    it(`cannot say ${JSON.stringify(fields)}`, () => {
      const [problem] = problemsOf(() => parse(fields));
      assert.equal(problem?.code, 'MESH_MANIFEST_INVALID');
      assert.match(problem.message, message);
    });
  }

  const misspelt: [object, string][] = [
    [{ guards: 'public' }, "did you mean 'http.guard'? (public, key, session, admin)"],
    [{ dependson: [] }, "did you mean 'dependsOn'?"],
    [{ http: { guards: 'public' } }, "did you mean 'http.guard'? (public, key, session, admin)"],
    [
      { topics: [{ patern: 'a', pattern: 'a', join: 'none', push: 'none' }] },
      "did you mean 'topics[].pattern'?",
    ],
    [
      { middleware: { phase: 'public', path: '/', onerror: 'deny' } },
      "did you mean 'middleware.onError'? (deny, allow)",
    ],
  ];
  for (const [fields, fix] of misspelt) {
    it(`with ${JSON.stringify(fields)} is told: ${fix}`, () => {
      const [problem] = problemsOf(() => parse(fields));
      assert.equal(problem?.code, 'MESH_MANIFEST_UNKNOWN_FIELD');
      assert.equal(problem.fix, fix);
    });
  }

  it('must be called as its folder is', () => {
    const [problem] = problemsOf(() =>
      parseManifest('{"name": "ships", "run": ["x"]}', FILE, { id: 'fleet' }),
    );
    assert.match(problem?.message ?? '', /'name' must be 'fleet'/);
    assert.equal(problem?.position?.column, 10);
  });
});

describe('problems of a manifest', () => {
  it('come all at once, in the order of the file, with line and column', () => {
    const text =
      '{\n  "name": "ships",\n  "guards": 1,\n  "run": [],\n  "http": {\n    "timeoutMs": "1s" }\n}';
    const problems = problemsOf(() => parseManifest(text, FILE, { shownAs: 'services/ships/plugin.json' }));
    assert.deepEqual(
      problems.map(({ code, position }) => [code, position?.line, position?.column]),
      [
        ['MESH_MANIFEST_UNKNOWN_FIELD', 3, 3],
        ['MESH_MANIFEST_INVALID', 4, 10],
        ['MESH_MANIFEST_INVALID', 6, 18],
      ],
    );
    assert.equal(problems[0]?.position?.file, 'services/ships/plugin.json');
  });

  const broken: [string, number, number][] = [
    ['{\n  "name": "a",\n}', 3, 1],
    ['{ // no\n}', 1, 3],
    ['{"a": 1,\n "a": 2}', 2, 2],
    ['', 1, 1],
    ['{"name" "a"}', 1, 9],
    ['{"name": "a"} x', 1, 15],
  ];
  for (const [text, line, column] of broken) {
    it(`of syntax say where: ${JSON.stringify(text)}`, () => {
      const [problem] = problemsOf(() => parseManifest(text, FILE));
      assert.equal(problem?.code, 'MESH_MANIFEST_SYNTAX');
      assert.deepEqual([problem.position?.line, problem.position?.column], [line, column]);
    });
  }

  for (const text of ['[]', '3', 'null', '"x"']) {
    it(`say that ${text} is no object`, () => {
      assert.match(problemsOf(() => parseManifest(text, FILE))[0]?.message ?? '', /must be an object/);
    });
  }

  it('are found behind a byte order mark too', () => {
    assert.equal(parseManifest('\uFEFF{"name": "ships", "run": ["x"]}', FILE).name, 'ships');
  });
});

describe('reserved names', () => {
  it('hold in every letter case and below', () => {
    for (const name of RESERVED_NAMES) {
      assert.ok(isReservedPath(name));
      assert.ok(isReservedPath(`/${name.toUpperCase()}/x`));
      assert.equal(isReservedName(name), name !== 'metrics', name);
    }
    assert.ok(!isReservedPath('system'));
  });
});
