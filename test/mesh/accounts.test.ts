import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@plugmesh/shared/testing';
import { WebSocket } from 'ws';
import { Guide } from './support/guide.ts';
import { TestMesh } from './support/test-mesh.ts';
import { plugin } from './support/plugins.ts';

const ACCOUNTS = join(import.meta.dirname, '../../services/accounts');
const PASSWORD = 'a horse, a battery and a staple';

/** Says the visitor's roles, and opens every WebSocket. */
const PRIVATE = `import { createHash } from 'node:crypto';
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
server((req, res) => res.end(req.headers['x-plugmesh-roles'] ?? 'nobody')).on('upgrade', (req, socket) => {
  const accept = createHash('sha1').update(req.headers['sec-websocket-key'] + GUID).digest('base64');
  const head = ['HTTP/1.1 101 Open', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Accept: ' + accept];
  socket.on('error', () => {}).write(head.join('\\r\\n') + '\\r\\n\\r\\n');
});`;

/** What a browser keeps after an answer. */
function cookieOf(response: Response): string {
  return response.headers.getSetCookie().map((line) => line.split(';')[0])[0] ?? '';
}

describe('accounts in a mesh', function () {
  this.timeout(60_000);
  let mesh: TestMesh;
  let admin: string;
  let guide: Guide;

  before(async () => {
    mesh = await TestMesh.create({
      toml: `[plugins.accounts]\nfolder = "${ACCOUNTS}"\n`,
      plugins: {
        private: plugin('private', PRIVATE, {
          http: { guard: 'session', routes: [{ path: '/rulers', guard: 'admin' }] },
        }),
      },
      env: { PLUGMESH__GATEWAY__TRUSTED_PROXIES: '127.0.0.1/32' },
    });
    guide = new Guide('docs/guides/accounts.md', { mesh });
    await mesh.up();
    await mesh.untilState('accounts', 'ready');
    await mesh.untilState('private', 'ready');
  });
  after(() => mesh.remove());

  const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${mesh.origin}/api/accounts/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: mesh.origin, ...headers },
      body: JSON.stringify(body),
    });
  const look = async (path: string, cookie: string): Promise<number> =>
    (await fetch(`${mesh.origin}/api/private${path}`, { headers: { cookie } })).status;
  const linkIn = (text: string): string => /#([\w-]{43})$/m.exec(text)?.[1] ?? '';
  const choose = async (text: string): Promise<string> => {
    const answer = await post('link', { link: linkIn(text), password: PASSWORD });
    assert.equal(answer.status, 200, await answer.clone().text());
    return cookieOf(answer);
  };

  it('shows the link of the first administrator on the terminal, and in no log', async () => {
    await eventually(() => mesh.output.includes('/api/accounts/link#'));
    assert.match(mesh.output, /Choose a password for 'admin' \(once, until /);
    assert.equal(await look('/', ''), 401);
    const link = linkIn(mesh.output);
    admin = await choose(mesh.output);
    const folder = join(mesh.config.stateDir, 'logs');
    for (const name of await readdir(folder))
      assert.ok(!(await readFile(join(folder, name), 'utf8')).includes(link), name);
    assert.equal((await post('link', { link, password: PASSWORD })).status, 401, 'it is used');
  });

  it('opens routes to whoever has logged in, by their roles', async () => {
    assert.equal(await look('/', admin), 200);
    assert.equal(await look('/rulers', admin), 200);
    const ada = await choose(await guide.run('create a user'));
    assert.deepEqual([await look('/', ada), await look('/rulers', ada)], [200, 403]);
    const { output: list } = await mesh.command('user', 'list');
    assert.match(list, /^ada +active +crew /m);
    assert.match(list, /^admin +active +admin /m);
  });

  it('takes logins and keys as its guide shows them', async () => {
    assert.match(await guide.run('log in'), /"name":"ada"/);
    assert.match(await guide.run('who am I'), /"roles":\["crew"\].*"xsrf":"[\w-]{43}"/);
    await guide.run('make a key');
    assert.match(await guide.run('use a key'), /"name":"ada".*"key":"\w{10}"/);
    assert.match(guide.text('on PostgreSQL'), /database_url/);
    guide.assertFollowed();
  });

  it('tells the page who it is, changes roles, and logs out everywhere at once', async () => {
    const session = await fetch(`${mesh.origin}/api/accounts/v1/session`, { headers: { cookie: admin } });
    const { name, xsrf } = (await session.json()) as { name: string; xsrf: string };
    assert.equal(name, 'admin');
    assert.match(xsrf, /^[\w-]{43}$/);
    const login = cookieOf(await post('login', { name: 'admin', password: PASSWORD }));
    assert.equal(await look('/', login), 200);
    const foreign = await post('logout', {}, { cookie: login, origin: 'http://elsewhere.example' });
    assert.equal(foreign.status, 403);
    assert.equal((await post('logout', {}, { cookie: login })).status, 204);
    await eventually(async () => (await look('/', login)) === 401, { timeoutMs: 1000 });
    assert.equal(await look('/', admin), 200, 'another session of the same user goes on');
  });

  it('makes keys that open what they were made for, until they are revoked', async () => {
    const made = await post(
      'keys',
      { name: 'CI', guards: ['session'], plugins: ['private'] },
      { cookie: admin },
    );
    const { key, prefix } = (await made.json()) as { key: string; prefix: string };
    const byKey = async (path: string): Promise<number> =>
      (await fetch(`${mesh.origin}/api/${path}`, { headers: { authorization: `Bearer ${key}` } })).status;
    assert.deepEqual([await byKey('private/'), await byKey('private/rulers')], [200, 403]);
    assert.equal(await byKey('accounts/v1/keys'), 403, 'not at other plugins');
    const { keys } = (await (
      await fetch(`${mesh.origin}/api/accounts/v1/keys`, { headers: { cookie: admin } })
    ).json()) as { keys: { prefix: string; lastUsedAt: number | null }[] };
    assert.ok(Date.now() - (keys.find((each) => each.prefix === prefix)?.lastUsedAt ?? 0) < 30_000);
    const revoked = await fetch(`${mesh.origin}/api/accounts/v1/keys/${prefix}`, {
      method: 'DELETE',
      headers: { cookie: admin, origin: mesh.origin },
    });
    assert.equal(revoked.status, 204);
    await eventually(async () => (await byKey('private/')) === 401, { timeoutMs: 1000 });
  });

  it('revokes, resets and changes the roles of users from the command line', async () => {
    const ada = cookieOf(await post('login', { name: 'ada', password: PASSWORD }));
    assert.equal(await look('/', ada), 200);
    assert.equal((await mesh.command('user', 'revoke', 'ada')).code, 0);
    await eventually(async () => (await look('/', ada)) === 401, { timeoutMs: 1000 });
    assert.equal((await post('login', { name: 'ada', password: PASSWORD })).status, 401);
    const again = await choose((await mesh.command('user', 'reset', 'ada')).output);
    assert.equal(await look('/rulers', again), 403);
    assert.equal((await mesh.command('user', 'roles', 'ada', '--role', 'admin')).code, 0);
    await eventually(async () => (await look('/', again)) === 401, { timeoutMs: 1000 });
    const ruler = cookieOf(await post('login', { name: 'ada', password: PASSWORD }));
    assert.equal(await look('/rulers', ruler), 200);
  });

  it('closes what a user has open when that user changes, and nothing before', async () => {
    const open = async (headers: Record<string, string>): Promise<WebSocket> => {
      const url = `${mesh.origin.replace('http', 'ws')}/api/private/`;
      const socket = new WebSocket(url, { headers: { origin: mesh.origin, ...headers } });
      await once(socket, 'open');
      return socket;
    };
    const isOpen = ({ readyState }: WebSocket): boolean => readyState === WebSocket.OPEN;
    const cookie = await choose((await mesh.command('user', 'create', 'eve')).output);
    const makeKey = async (): Promise<string> => {
      const made = await post('keys', { name: 'CI', guards: ['session'], plugins: ['private'] }, { cookie });
      return ((await made.json()) as { key: string }).key;
    };
    const sockets = [await open({ cookie }), await open({ 'x-api-key': await makeKey() })];
    await makeKey();

    const pidOf = async (): Promise<number> => {
      const [instance] = (await mesh.plugin('accounts'))?.instances ?? [];
      return instance?.state === 'ready' ? (instance.pid ?? 0) : 0;
    };
    const before = await pidOf();
    process.kill(before);
    await eventually(async () => ![0, before].includes(await pidOf()), { timeoutMs: 20_000 });
    sockets.push(await open({ 'x-api-key': await makeKey() }));
    assert.deepEqual(sockets.map(isOpen), [true, true, true]);

    await mesh.command('user', 'roles', 'eve', '--role', 'crew');
    await eventually(() => !sockets.some(isOpen), { timeoutMs: 1000 });
  });

  it('tells clients behind a proxy apart: who guesses locks out nobody else', async () => {
    const body = { name: 'ADA', password: 'not the phrase of anybody' };
    const by = (client: string) => ({ 'x-forwarded-for': `198.51.100.1, ${client}` });
    const guesses = await Promise.all(Array.from({ length: 12 }, () => post('login', body, by('192.0.2.1'))));
    const refused = guesses.filter(({ status }) => status === 429);
    assert.equal(refused.length, 2);
    assert.ok(Number(refused[0]?.headers.get('retry-after')) > 60, 'says accounts, not the gateway');
    assert.equal((await post('login', { ...body, password: PASSWORD }, by('192.0.2.2'))).status, 200);
  });

  it('says what is wrong with a command', async () => {
    const wrong = [
      [['create'], /MESH_USAGE.*one name/],
      [['banish', 'ada'], /MESH_USAGE.*'banish'/],
      [['create', 'ADA'], /MESH_NAME_TAKEN.*'ADA'/],
      [['revoke', 'nobody'], /MESH_NOT_FOUND.*'nobody'/],
      [['create', 'a b'], /MESH_BAD_REQUEST.*'name'/],
    ] as const;
    const answers = await Promise.all(wrong.map(([args]) => mesh.command('user', ...args)));
    wrong.forEach(([, text], at) => assert.match(answers[at]!.output, text));
    assert.ok(answers.every(({ code }) => code !== 0));
  });

  it('lets only the cookie of its own answers through, and takes no token by way of the gateway', async () => {
    const token = mesh.pluginToken('accounts');
    const answer = await fetch(`${mesh.origin}/api/accounts/v1/users`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(answer.status, 403);
  });
});
