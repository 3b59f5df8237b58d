import assert from 'node:assert/strict';
import { MeshProblems, type MeshError } from '@plugmesh/shared/errors';
import { parseManifest, parseRegisteredManifest, type EndpointType } from '@plugmesh/shared/manifest';

const FILE = '/mesh/services/forge/plugin.json';
const RUN = { run: ['node', 'main.ts'] };
const BASIC = [{ kind: 'basic' }];

function typesOf(entries: readonly object[], fields: object = RUN): readonly EndpointType[] {
  const text = JSON.stringify({ name: 'forge', ...fields, endpoints: entries });
  return parseManifest(text, FILE).endpoints ?? [];
}

function typeOf(entry: object, fields?: object): EndpointType {
  const [type] = typesOf([{ type: 'forge', connect: BASIC, ...entry }], fields);
  assert.ok(type);
  return type;
}

function problemsOf(read: () => unknown): readonly MeshError[] {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof MeshProblems, String(error));
    return error.problems;
  }
  assert.fail('no problem was found');
}

describe('an endpoint type in a manifest', () => {
  it('has everything that a dialog needs filled in', () => {
    assert.deepEqual(typeOf({ subTypes: [{ type: 'ce' }] }), {
      type: 'forge',
      title: 'forge',
      subTypes: [{ type: 'ce', title: 'ce' }],
      connect: [
        {
          kind: 'basic',
          title: 'User name and password',
          fields: [
            { name: 'username', title: 'User name', secret: false, required: true },
            { name: 'password', title: 'Password', secret: true, required: true },
          ],
        },
      ],
      hooks: [],
    });
  });

  it('is answered at /endpoint, unless it says where, and nowhere without hooks', () => {
    assert.equal(typeOf({ hooks: ['info'] }).callouts, '/endpoint');
    assert.equal(typeOf({ hooks: ['info'], callouts: '/v1/forge' }).callouts, '/v1/forge');
    assert.equal(typeOf({}).callouts, undefined);
  });

  it('has the fields of each built-in kind, and the options with their defaults', () => {
    const kinds = ['none', 'bearer', 'token', 'client-credentials', 'refresh-token'];
    const { connect } = typeOf({ connect: kinds.map((kind) => ({ kind })) });
    assert.deepEqual(
      connect.map(({ kind, header, prefix, tokenPath, fields }) => [
        kind,
        { header, prefix, tokenPath },
        fields.map(({ name, secret, required }) => `${name}${secret ? '*' : ''}${required ? '' : '?'}`),
      ]),
      [
        ['none', NO_OPTIONS, []],
        ['bearer', NO_OPTIONS, ['token*']],
        ['token', { ...NO_OPTIONS, header: 'Authorization', prefix: 'token ' }, ['token*']],
        [
          'client-credentials',
          { ...NO_OPTIONS, tokenPath: '/oauth/token' },
          ['client_id', 'client_secret*', 'scope?'],
        ],
        [
          'refresh-token',
          { ...NO_OPTIONS, tokenPath: '/oauth/token' },
          ['refresh_token*', 'client_id?', 'client_secret*?'],
        ],
      ],
    );
  });
  const NO_OPTIONS = { header: undefined, prefix: undefined, tokenPath: undefined };

  it('puts nothing before a token in a header of its own, unless it says what', () => {
    const of = (kind: object) => typeOf({ connect: [{ kind: 'token', ...kind }] }).connect[0];
    assert.deepEqual(
      [of({ header: 'PRIVATE-TOKEN' })?.header, of({ header: 'PRIVATE-TOKEN' })?.prefix],
      ['PRIVATE-TOKEN', ''],
    );
    assert.equal(of({ prefix: 'Token ' })?.prefix, 'Token ');
    assert.equal(of({ header: 'authorization' })?.prefix, 'token ');
    assert.equal(of({ header: 'X-Key', prefix: 'k=' })?.prefix, 'k=');
  });

  it('may give the fields of a built-in kind other words, and describes those of its own kinds', () => {
    const { connect } = typeOf({
      hooks: ['connect'],
      connect: [
        { kind: 'bearer', title: 'Key', fields: [{ name: 'token', title: 'Key', placeholder: 'abc…' }] },
        { kind: 'ticket', fields: [{ name: 'realm' }, { name: 'code', secret: true, required: false }] },
      ],
    });
    assert.deepEqual(connect[0]?.fields, [
      { name: 'token', title: 'Key', placeholder: 'abc…', secret: true, required: true },
    ]);
    assert.deepEqual(connect[1], {
      kind: 'ticket',
      title: 'ticket',
      fields: [
        { name: 'realm', title: 'realm', secret: false, required: true },
        { name: 'code', title: 'code', secret: true, required: false },
      ],
    });
  });

  const wrong: [object, RegExp, RegExp?][] = [
    [{ type: 'Forge' }, /'endpoints\[0\]\.type' must be lower-case letters/],
    [{ type: undefined }, /'endpoints\[0\]\.type' is missing/],
    [{ connect: [] }, /'endpoints\[0\]\.connect' must be one way to connect or more/],
    [
      { hooks: ['conect'] },
      /hooks\[0\]' must be 'info', .* or 'sign', not 'conect'/,
      /did you mean 'connect'\?/,
    ],
    [{ hooks: ['info', 'info'] }, /hooks\[1\]' must be another hook/, /take one/],
    [
      { connect: [{ kind: 'basics' }] },
      /connect\[0\]\.kind' must be one of none, basic, .*, not 'basics'/,
      /did you mean 'basic'\? \(a kind of its own needs the hook 'connect'\)/,
    ],
    [
      { connect: [{ kind: 'ticket' }] },
      /must be one of none, basic/,
      /^a kind of its own needs the hook 'connect'/,
    ],
    [{ connect: [{ kind: 'constructor' }] }, /must be one of none, basic/, /needs the hook 'connect'/],
    [{ connect: [...BASIC, ...BASIC] }, /connect\[1\]\.kind' must be another kind/, /take one/],
    [
      { connect: [{ kind: 'basic', header: 'X-Key' }] },
      /\.header' must be left out for the kind 'basic'/,
      /'token'/,
    ],
    [
      { connect: [{ kind: 'token', tokenPath: '/t' }] },
      /\.tokenPath' must be left out/,
      /'client-credentials' and/,
    ],
    [
      { connect: [{ kind: 'basic', fields: [{ name: 'usrname' }] }] },
      /fields\[0\]\.name' must be a field of this kind/,
      /did you mean 'username'\?/,
    ],
    [
      { connect: [{ kind: 'basic', fields: [{ name: 'password', secret: false }] }] },
      /fields\[0\]\.secret' must be left out/,
      /says this of its fields itself/,
    ],
    [
      { connect: [{ kind: 'x', fields: [{ name: 'a' }, { name: 'a' }] }], hooks: ['connect'] },
      /fields\[1\]\.name' must be another name/,
      /take one/,
    ],
    [{ subTypes: [{ type: 'ce' }, { type: 'ce' }] }, /subTypes\[1\]\.type' must be another name/, /take one/],
    [
      { infoPath: '/v', hooks: ['info'] },
      /infoPath' must be left out where the hook 'info' answers/,
      /take one/,
    ],
    [
      { userPath: '/u', hooks: ['validate'] },
      /userPath' must be left out where the hook 'validate'/,
      /take one/,
    ],
    [{ userName: 'login' }, /userName' must be left out where there is no 'userPath'/, /userPath/],
    [{ callouts: '/x' }, /callouts' must be left out where there is no 'hooks'/, /hooks/],
    ...['version', 'https://evil.test/x', '//evil.test/x', '/a\\b', '/ü', '/a b', '/a#b'].map(
      (infoPath): [object, RegExp] => [{ infoPath }, /infoPath' must be a path that begins with one \//],
    ),
    ...['/', '/a/', '/a/*', '/a/../b', 'a', '/./a', '/%61'].map((callouts): [object, RegExp] => [
      { hooks: ['info'], callouts },
      /callouts' must be a path/,
    ]),
    ...[
      'Host',
      'Cookie',
      'connection',
      'Transfer-Encoding',
      'Proxy-Authorization',
      'Upgrade',
      'Content-Length',
      'X-Plugmesh-User',
      'X-Forwarded-For',
      'TE',
    ].map((header): [object, RegExp, RegExp] => [
      { connect: [{ kind: 'token', header }] },
      /header' must be a header that can carry a credential, like "Authorization" or "X-Api-Key"/,
      /^$/,
    ]),
    [{ connect: [{ kind: 'token', header: 'X Key' }] }, /header' must be the name of a header/],
    [
      { connect: [{ kind: 'token', prefix: 'a\r\nHost: b' }] },
      /prefix' must be at most 40 characters of ASCII/,
    ],
  ];
  for (const [entry, message, fix = /^$/] of wrong) {
    it(`cannot say ${JSON.stringify(entry)}`, () => {
      const [problem] = problemsOf(() => typeOf(entry));
      assert.equal(problem?.code, 'MESH_MANIFEST_INVALID');
      assert.match(problem.message, message);
      assert.match(problem.fix ?? '', fix);
      assert.ok(problem.position);
    });
  }

  it('is told where it is wrong, and which field was meant', () => {
    const text =
      '{\n "name": "forge", "run": ["x"],\n "endpoints": [{\n  "type": "forge",\n  "conect": [],\n  "connect": [{"kind": "basic"}] }] }';
    const [problem] = problemsOf(() => parseManifest(text, FILE));
    assert.equal(problem?.code, 'MESH_MANIFEST_UNKNOWN_FIELD');
    assert.deepEqual([problem.position?.line, problem.position?.column], [5, 3]);
    assert.equal(problem.fix, "did you mean 'endpoints[].connect'?");
  });

  it('is there once in a manifest', () => {
    const entry = { type: 'forge', connect: BASIC };
    const [problem] = problemsOf(() => typesOf([entry, entry]));
    assert.match(problem?.message ?? '', /'endpoints\[1\]\.type' must be another type than those before it/);
    assert.equal(problem?.fix, 'take one of the two out');
  });

  for (const path of ['/endpoint', '/endpoint/info', '/Endpoint/**', '/%65ndpoint/*', '/endpoint/']) {
    it(`allows no rule for '${path}' beside its callouts`, () => {
      const http = {
        routes: [
          { path: '/open', guard: 'public' },
          { path, guard: 'public' },
        ],
      };
      const [problem] = problemsOf(() => typeOf({ hooks: ['info'] }, { ...RUN, http }));
      assert.match(
        problem?.message ?? '',
        /'http\.routes\[1\]\.path' must be outside of the callouts at '\/endpoint'/,
      );
      assert.match(problem?.fix ?? '', /take the rule out/);
    });
  }
});

describe('a manifest without a command', () => {
  it('describes endpoint types without hooks, and nothing else', () => {
    assert.equal(typeOf({}, {}).type, 'forge');
    const others = [
      {},
      { endpoints: [{ type: 'forge', connect: BASIC, hooks: ['info'] }] },
      { endpoints: [{ type: 'forge', connect: BASIC }], setup: [['make']] },
      { endpoints: [{ type: 'forge', connect: BASIC }], middleware: { phase: 'public', path: '/' } },
    ];
    for (const fields of others) {
      const problems = problemsOf(() => parseManifest(JSON.stringify({ name: 'forge', ...fields }), FILE));
      const problem = problems.find(({ message }) => message.startsWith("'run' is missing"));
      assert.match(problem?.fix ?? '', /only endpoint types without hooks need none/, JSON.stringify(fields));
    }
  });

  it('may come with a registration, whatever it describes: it runs already', () => {
    const endpoints = [{ type: 'forge', connect: BASIC, hooks: ['info'] }];
    assert.deepEqual(parseRegisteredManifest({ name: 'forge', endpoints }, 'forge').run, []);
  });
});
