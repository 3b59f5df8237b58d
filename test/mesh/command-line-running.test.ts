import assert from 'node:assert/strict';
import { appendFile, chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@plugmesh/shared/testing';
import { plugin } from './support/plugins.ts';
import { TestMesh, type RunResult } from './support/test-mesh.ts';

const ACCOUNTS = join(import.meta.dirname, '../../services/accounts');
const SOON = { timeoutMs: 15_000 };

/** Tells what it was asked; below /slowly one half after the other, as somebody asks for the second. */
const SHIPS = `let rest;
server((req, res) => {
  if (req.url === '/slowly') { res.write('first half\\n'); rest = res; return; }
  if (req.url === '/rest') { rest.end('second half\\n'); res.end(); return; }
  if (req.url === '/ticks') { const ticks = setInterval(() => res.write('tick\\n'), 50); res.on('close', () => clearInterval(ticks)); return; }
  if (req.url === '/bytes') { res.end(Buffer.from([0, 255])); return; }
  if (req.url === '/no-problem' || req.url === '/steering') {
    res.writeHead(500, { 'content-type': 'application/problem+json' });
    res.end(req.url === '/steering' ? JSON.stringify({ code: 'A\\u001b[2J', detail: 'b\\u009b1m' }) : 'no JSON');
    return;
  }
  if (req.url === '/broken') { res.statusCode = 500; res.end('no ship'); return; }
  let body = '';
  req.on('data', (chunk) => (body += chunk)).on('end', () => {
    const { 'content-type': type, 'x-colour': colour } = req.headers;
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ method: req.method, url: req.url, type, colour, body }));
  });
});`;

const MANIFEST = {
  http: {
    guard: 'public',
    aliases: ['/ships'],
    maxBody: '1KiB',
    routes: [
      { path: '/v1/**', methods: ['GET'], guard: 'key' },
      { path: '/v1/orders', methods: ['POST'], guard: 'admin', timeoutMs: 5000 },
      { path: '/from-plugins', guard: 'admin', plugins: ['other'] },
    ],
  },
  topics: [
    { pattern: 'ships', join: 'public', push: 'public' },
    { pattern: 'cargo', join: 'public', push: 'public', envelope: true },
    { pattern: 'log:*', join: 'public', push: 'none', history: { size: 10, ttl: '1h' } },
  ],
  config: {
    type: 'object',
    properties: {
      interval: { type: 'integer', default: 5 },
      harbour: { type: 'string' },
      pilotSecret: { type: 'string', writeOnly: true },
    },
  },
};

describe('the command line of a running mesh', function () {
  this.timeout(90_000);
  let mesh: TestMesh;

  before(async () => {
    mesh = await TestMesh.create({
      toml: [
        `[plugins.accounts]\nfolder = "${ACCOUNTS}"`,
        '[plugins.shipz]\nguard = "admin"',
        '[plugins.ships.config]\nharbour = "Hamburg"\npilotSecret = "rum and biscuits"\n',
      ].join('\n'),
      plugins: {
        ships: plugin('ships', SHIPS, MANIFEST),
        other: plugin('other', "server((q, res) => res.end('other'));"),
      },
      env: { PLUGMESH__PLUGINS__SHIPS__CONFIG__INTERVAL: '7' },
    });
    await mesh.up();
    for (const id of ['ships', 'other', 'accounts']) await mesh.untilState(id, 'ready');
  });
  after(() => mesh.remove());

  /** What a command prints as JSON. */
  async function json<T>(...args: string[]): Promise<T> {
    const { stdout, stderr, code } = await mesh.run([...args, '--json']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as T;
  }

  it('says at the start which section names no plugin', () => {
    assert.match(
      mesh.output,
      /^! MESH_CONFIG_UNKNOWN_KEY {2}plugmesh\.toml:\d+:\d+ .*\[plugins\.shipz\] names no plugin/m,
    );
    assert.match(mesh.output, /did you mean \[plugins\.ships\]\?/);
  });

  it('lists routes in the order in which they are looked at, at every prefix', async () => {
    const { output } = await mesh.command('routes', 'ships');
    const rows = output.split('\n').map((line) => line.split(/ {2,}/));
    assert.deepEqual(rows.slice(1, 5), [
      ['/api/ships/v1/orders', 'POST', 'admin', 'ships', '-', '5000 ms, body 1024 B'],
      ['/api/ships/from-plugins', '*', 'admin', 'ships', 'other', 'body 1024 B'],
      ['/api/ships/v1/**', 'GET', 'key', 'ships', '-', 'body 1024 B'],
      ['/api/ships/**', '*', 'public', 'ships', '-', 'body 1024 B'],
    ]);
    assert.equal(rows[5]?.[0]?.startsWith('/ships/'), true);
    const all = await json<{ path: string; plugin: string; guard: string }[]>('routes');
    assert.ok(all.some(({ path, guard }) => path === '/api/accounts/v1/users' && guard === 'admin'));
    assert.equal((await mesh.run(['routes', 'shipz'])).code, 2);
    assert.doesNotMatch(JSON.stringify(all), /keyHash/);
  });

  it('calls plugins as curl would, with the body alone on stdout', async () => {
    const get = await mesh.run(['call', 'ships', '/a?b=c', '-H', 'X-Colour: red']);
    assert.deepEqual([get.code, get.stderr], [0, '200 OK application/json\n']);
    assert.deepEqual(JSON.parse(get.stdout), { method: 'GET', url: '/a?b=c', colour: 'red', body: '' });
    const post = await mesh.run(['call', '/ships/a', '-d', '{"n":1}']);
    assert.deepEqual(JSON.parse(post.stdout), {
      method: 'POST',
      url: '/a',
      type: 'application/json',
      body: '{"n":1}',
    });
    await writeFile(join(mesh.folder, 'some.txt'), 'from a file');
    const file = await mesh.run(['call', 'ships', '-X', 'put', '-d', `@${join(mesh.folder, 'some.txt')}`]);
    assert.match(file.stdout, /"method":"PUT".*"body":"from a file"/);
    const stdin = await mesh.run(['call', 'ships', '-d', '-'], { input: '["in"]' });
    assert.match(stdin.stdout, /"body":"\[\\"in\\"\]"/);
    const { status, headers, body } = await json<{ status: number; headers: object; body: object }>(
      'call',
      'ships',
    );
    assert.deepEqual([status, 'content-type' in headers, 'url' in body], [200, true, true]);
  });

  it('shows an answer as it comes, and fails with what the plugin says is wrong', async () => {
    const slow = mesh.follow('call', 'ships', '/slowly');
    await eventually(() => slow.output().includes('first half\n'), SOON);
    await fetch(`${mesh.origin}/api/ships/rest`);
    await eventually(() => slow.output().includes('second half\n'));
    const broken = await mesh.run(['call', 'ships', '/broken']);
    assert.deepEqual(
      [broken.code, broken.stdout, broken.stderr],
      [1, 'no ship', '500 Internal Server Error\n'],
    );
    const unknown = await mesh.run(['call', 'shipz']);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /✖ MESH_PLUGIN_UNKNOWN .*\n {2}did you mean 'ships'\?/);
    assert.equal((JSON.parse(unknown.stdout) as { status: number }).status, 404);
  });

  it('sends paths as browsers do, and no header or method that is none', async () => {
    const sent = await mesh.run(['call', 'ships', '/a b/ü?c=\r\n']);
    assert.equal((JSON.parse(sent.stdout) as { url: string }).url, '/a%20b/%C3%BC?c=%0D%0A');
    const wrong = [
      ['-H', 'X-A: b\r\nX-C: d'],
      ['-H', 'X A: b'],
      ['-H', 'X-A: ☃'],
      ['-X', 'GE T'],
    ];
    for (const args of wrong) {
      const { code, stderr } = await mesh.run(['call', 'ships', ...args]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^✖ MESH_USAGE/);
    }
  });

  it('shows answers of every kind, and none of them steers the terminal', async () => {
    const none = await mesh.run(['call', 'ships', '/no-problem']);
    assert.deepEqual([none.code, none.stdout], [1, 'no JSON']);
    assert.doesNotMatch(none.stderr, /SyntaxError/);
    const { stderr } = await mesh.run(['call', 'ships', '/steering']);
    assert.match(stderr, /✖ A\\u001b\[2J {2}b\\u009b1m\n/);
    assert.equal((await json<{ bytes: string }>('call', 'ships', '/bytes')).bytes, 'AP8=');
  });

  it('ends a call with its reader', async () => {
    const { output } = await mesh.shell('./plugmesh call ships /ticks | head -n 1');
    assert.match(output, /tick\n/);
    assert.doesNotMatch(output, /✖/);
  });

  it('takes no other mesh for this one', async () => {
    const other = await TestMesh.create({ toml: `[plugins.x]\nurl = "http://127.0.0.1:1"\n` });
    const env = { PLUGMESH__MESH__PORT: String(mesh.config.mesh.port) };
    const elsewhere = await other.run(['ps'], { env });
    assert.equal(elsewhere.code, 3);
    assert.match(elsewhere.stderr, /MESH_NOT_RUNNING.*stranger/);
    const [, port = ''] = /:(\d+)$/.exec((await mesh.plugin('other'))?.instances[0]?.url ?? '') ?? [];
    const noMesh = await other.run(['routes'], { env: { PLUGMESH__MESH__PORT: port } });
    assert.equal(noMesh.code, 3);
    assert.match(noMesh.stderr, /MESH_NOT_RUNNING.*is no mesh/);
    await other.remove();
  });

  it('calls as whoever it is told to be, and never shows by what', async () => {
    const statusOf = async (args: string[], env: Record<string, string> = {}): Promise<string> =>
      (await mesh.run(['call', ...args], { env })).stderr.slice(0, 3);
    assert.equal(await statusOf(['ships', '/v1/x']), '401');
    await mesh.run(['user', 'create', 'ada', '--role', 'crew']);
    const { stdout: key } = await mesh.run(['key', 'create', 'ada']);
    assert.equal(await statusOf(['ships', '/v1/x', '--key', key.trim()]), '200');
    assert.equal(await statusOf(['ships', '/v1/x', '--as', 'key'], { PLUGMESH_KEY: key.trim() }), '200');
    assert.equal(await statusOf(['ships', '/from-plugins', '--as', 'plugin:other']), '200');
    assert.equal(await statusOf(['ships', '/from-plugins', '--as', 'plugin:accounts']), '403');
    assert.equal(await statusOf(['/metrics', '--as', 'operator']), '200');
    const refused = await mesh.run(['call', 'ships', '/v1/x', '--as', 'operator']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /MESH_USAGE.*operator's token opens \/mesh\/\* and \/metrics/);
    const { output: token } = await mesh.command('token');
    for (const { stdout, stderr } of [refused, await mesh.run(['call', '/mesh/status', '--as', 'operator'])])
      assert.ok(!`${stdout}${stderr}`.includes(token.trim()));
  });

  it('makes, lists and revokes keys; a new one stands alone on stdout', async () => {
    const options = [
      '--guard',
      'session',
      '--guard',
      'key',
      '--plugin',
      'ships',
      '--expires',
      '30d',
      '--name',
      'CI',
    ];
    const made = await mesh.run(['key', 'create', 'ada', ...options]);
    assert.match(made.stdout, /^pmk_[\w-]+\n$/);
    assert.match(made.stderr, /opens session, key at ships as ada, until 20/);
    const keys = await json<{ name: string; prefix: string; key?: string; endsAt: number }[]>(
      'key',
      'list',
      'ada',
    );
    const ci = keys.find(({ name }) => name === 'CI');
    assert.deepEqual([ci?.key, Math.round(((ci?.endsAt ?? 0) - Date.now()) / 86_400_000)], [undefined, 30]);
    assert.match(
      (await mesh.command('key', 'list', 'ada')).output,
      new RegExp(`^${ci?.prefix ?? ''} +session,key +ships `, 'm'),
    );
    const look = (): Promise<RunResult> => mesh.run(['call', 'ships', '/v1/x', '--key', made.stdout.trim()]);
    assert.equal((await look()).code, 0);
    assert.equal((await mesh.run(['key', 'revoke', 'ada', ci?.prefix ?? ''])).code, 0);
    await eventually(async () => (await look()).code === 1, SOON);
    const usage = [
      ['key'],
      ['key', 'create'],
      ['key', 'create', 'ada', '--expires', 'soon'],
      ['key', 'revoke', 'ada'],
    ];
    for (const args of usage) assert.equal((await mesh.run(args)).code, 2, args.join(' '));
    const nobody = await mesh.run(['key', 'create', 'nobody']);
    assert.deepEqual([nobody.code, nobody.stdout], [1, '']);
    assert.match(nobody.stderr, /MESH_NOT_FOUND.*'nobody'/);
  });

  it('publishes on the bus and shows what passes there, and nothing else', async () => {
    const all = mesh.follow('sub');
    const three = mesh.follow('sub', 'ships:*', 'from:cargo:*', '-n', '3', '--json');
    await eventually(() => all.output().includes('… listening'), SOON);
    const redis = (await mesh.command('redis')).output.trim();
    assert.match(redis, /^redis:/);
    const heard = await json<{ channel: string; heard: number }>('pub', 'ships', 'seen', '{"n":1}');
    assert.equal(heard.channel, 'to:ships:seen');
    await eventually(
      async () => (await json<{ heard: number }>('pub', 'ships', 'seen', '[2]')).heard >= 2,
      SOON,
    );
    assert.equal(
      (await mesh.run(['pub', 'ships', 'asked', '-', '--from'], { input: '{"by":"stdin"}' })).code,
      0,
    );
    await mesh.run(['pub', 'cargo', 'load', '{}', '--from']);
    const lines = await eventually(() => {
      const said = three.output().trim().split('\n').filter(Boolean);
      return said.length === 3 && said;
    }, SOON);
    const messages = lines.map(
      (line) => JSON.parse(line) as { topic: string; direction: string; payload: unknown },
    );
    assert.ok(
      messages.every(({ topic }) => topic === 'ships' || topic === 'cargo'),
      JSON.stringify(messages),
    );
    await eventually(
      () => /← from cargo load \{"payload":\{\},"meta":\{"user":null/.test(all.output()),
      SOON,
    );
    assert.match(all.output(), /^\d\d:\d\d:\d\d\.\d{3} → to {3}ships seen \{"n":1\}$/m);
    assert.match(all.output(), /← from ships asked \{"by":"stdin"\}/);
    assert.doesNotMatch(all.output(), /plugmesh:/);
    await all.stop();
  });

  it('refuses what the bus would not take, and warns of a topic that nobody can join', async () => {
    for (const args of [['pub'], ['pub', 'a', 'b:c'], ['pub', 'a', 'b', 'text'], ['pub', 'a', 'b', '1']])
      assert.equal((await mesh.run(args)).code, 2, args.join(' '));
    const { code, stderr } = await mesh.run(['pub', 'nowhere', 'said']);
    assert.equal(code, 0);
    assert.match(stderr, /MESH_TOPIC_UNMATCHED.*'nowhere'\n.*name it under 'topics'/);
    const first = await json<{ id: string }>('pub', 'log:a', 'said', '{}', '--durable', '--key', 'once');
    assert.match(first.id, /^\d+-1$/);
    assert.deepEqual(await json('pub', 'log:a', 'said', '{}', '--durable', '--key', 'once'), first);
    const kept = await mesh.run(['pub', 'ships', 'said', '{}', '--durable']);
    assert.equal(kept.code, 1);
    assert.match(kept.stderr, /MESH_TOPIC_UNMATCHED.*no rule with "history"/);
  });

  it('goes on showing what passes after Redis was restarted', async () => {
    const watching = mesh.follow('sub', 'ships:after');
    await eventually(() => watching.output().includes('… listening'), SOON);
    const { pid = 0 } = (await mesh.runningProcesses()).find(({ name }) => name === 'redis') ?? {};
    process.kill(pid, 'SIGKILL');
    await eventually(() => watching.output().split('… listening').length === 3, { timeoutMs: 30_000 });
    assert.match(watching.output(), /MESH_REDIS_UNAVAILABLE/);
    await mesh.run(['pub', 'ships', 'after', '{"all":"is well"}']);
    await eventually(() => watching.output().includes('{"all":"is well"}'), SOON);
    await watching.stop();
  });

  it('explains each setting, and shows no secret', async () => {
    const rows = await json<{ key: string; value: unknown; from: string }[]>('config', 'explain', 'ships');
    const of = (name: string): unknown[] => {
      const { value, from } = rows.find(({ key }) => key === `plugins.ships.${name}`) ?? {};
      return [value, from?.replaceAll(/.*(services\/|plugmesh\.toml)/g, '$1').replace(/:\d+:\d+$/, ':…')];
    };
    assert.deepEqual(of('config.harbour'), ['Hamburg', 'plugmesh.toml:…']);
    assert.deepEqual(of('config.interval'), [
      '7',
      'environment (PLUGMESH__PLUGINS__SHIPS__CONFIG__INTERVAL)',
    ]);
    assert.deepEqual(of('config.pilotSecret'), ['(secret)', 'plugmesh.toml:…']);
    assert.deepEqual(of('guard'), ['public', 'services/ships/plugin.json:…']);
    assert.deepEqual(of('path'), ['/api/ships', 'default']);
    assert.deepEqual(of('limits.body'), ['1KiB', 'services/ships/plugin.json:…']);
    await writeFile(join(mesh.folder, '.env.local'), 'REDIS_URL=redis://mesh:hunter2@127.0.0.1:1\n');
    const { stdout } = await mesh.run(['config', 'explain']);
    await writeFile(join(mesh.folder, '.env.local'), '');
    assert.doesNotMatch(stdout, /rum and biscuits|hunter2/);
    assert.match(
      stdout,
      /^core\.redis_url +"redis:\/\/mesh:\*\*\*@127\.0\.0\.1:1" +\.env\.local:1 \(REDIS_URL\)$/m,
    );
    const port = await json<{ value: number; from: string }[]>('config', 'explain', 'gateway.port');
    assert.deepEqual(
      port.map(({ value, from }) => [value, /^plugmesh\.toml:\d+:1$/.test(from)]),
      [[mesh.config.gateway.port, true]],
    );
    const near = await mesh.run(['config', 'explain', 'gatway']);
    assert.equal(near.code, 2);
    assert.match(near.stderr, /did you mean 'gateway'\?/);
  });

  it('says by --json what each command has done', async () => {
    assert.deepEqual(Object.keys(await json('enable', 'other')).slice(0, 3), ['id', 'enabled', 'state']);
    const [enabled] = await json<{ from: string }[]>('config', 'explain', 'other.enabled');
    assert.match(enabled?.from ?? '', /plugmesh enable/);
    assert.equal((await json<{ id: string }>('reload', 'other')).id, 'other');
    assert.ok((await json<{ plugins: object[] }>('ps')).plugins.length >= 3);
    assert.match((await json<{ token: string }>('token')).token, /^\S+$/);
    assert.match((await json<{ url: string }>('redis', 'ships')).url, /^redis:/);
    const user = await json<{ name: string; link: string }>('user', 'create', 'eva');
    assert.match(user.link, new RegExp(`^${mesh.origin}/api/accounts/link#`));
    assert.deepEqual((await json<{ state: string }>('user', 'revoke', 'eva')).state, 'revoked');
    const { stdout } = await mesh.run(['logs', 'mesh', '-n', '2', '--json']);
    for (const line of stdout.trim().split('\n'))
      assert.deepEqual(Object.keys(JSON.parse(line) as object), ['process', 'line']);
    const { code, stderr } = await mesh.run(['enable', 'nobody', '--json']);
    assert.equal(code, 1);
    assert.deepEqual((JSON.parse(stderr) as { code: string }).code, 'MESH_PLUGIN_UNKNOWN');
  });

  it('finds nothing wrong with a mesh that is well, but for what is odd', async () => {
    const { code, stdout } = await mesh.run(['doctor']);
    assert.equal(code, 0, stdout);
    for (const expected of [
      /^✔ node: 24\./m,
      /^✔ configuration: .*plugmesh\.toml \(development\)$/m,
      /^✔ redis: 7\S* answers at redis:\/\/\S+:\*\*\*@127/m,
      /^✔ redis persistence: /m,
      /^✔ redis users: each plugin has its own$/m,
      /^✔ port of gateway: \d+ is held by this mesh \(process \d+\)$/m,
      /^✔ processes: \d+, run by \.\/plugmesh up/m,
      /^✔ gateway: ready$/m,
      /^✔ running plugins: 3 of 3 are ready$/m,
      /^! plugins: MESH_CONFIG_UNKNOWN_KEY plugmesh\.toml:.*shipz.*\n {4}did you mean/m,
    ])
      assert.match(stdout, expected);
    assert.doesNotMatch(stdout, /✖/);
  });

  it('finds what is wrong, with what to do, and fails then', async () => {
    await mesh.addPlugin('late', plugin('late', "import 'nowhere-to-be-found';"));
    await mesh.untilState('late', 'unready', 30_000);
    await mesh.addPlugin('odd', { 'plugin.json': '{ "name": "odd", "run": ["node"], "guards": 1 }' });
    await chmod(join(mesh.config.stateDir, 'secret'), 0o644);
    const toml = await readFile(mesh.file, 'utf8');
    await appendFile(mesh.file, '\n[gatway]\nport = 1\n');
    const { code, stdout } = await mesh.run(['doctor']);
    assert.equal(code, 1);
    for (const expected of [
      /^✖ configuration: MESH_CONFIG_UNKNOWN_KEY plugmesh\.toml:\d+:\d+ .*'gatway'\n {4}did you mean/m,
      /^✖ plugins: MESH_MANIFEST_UNKNOWN_FIELD services\/odd\/plugin\.json:1:\d+ /m,
      /^✖ plugin late: unready: MESH_PLUGIN_EXITED: .*'nowhere-to-be-found' is missing\n {4}install it: npm install/m,
      /^✖ state folder: others may read the mesh's secret .*\n {4}chmod 600 /m,
    ])
      assert.match(stdout, expected);
    const found = JSON.parse((await mesh.run(['doctor', '--json'])).stdout) as {
      level: string;
      fix?: string;
    }[];
    assert.ok(found.filter(({ level }) => level !== 'ok').every(({ fix }) => fix !== undefined));
    const ps = await mesh.run(['ps']);
    assert.equal(ps.code, 0, 'a mesh that runs is shown in spite of what is wrong in the file');
    assert.match(ps.stderr, /MESH_CONFIG_UNKNOWN_KEY/);
    await writeFile(mesh.file, toml);
  });
});
