import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort, startProcess, type RunningProcess } from '@plugmesh/shared/testing';

const PLUGIN = join(import.meta.dirname, '../..');
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const SECRET = 'nobody outside may read this';

/** Paths that lead out of a folder somewhere, in some server, or to what must not be opened. */
const HOSTILE = [
  '/../secret.txt',
  '/sub/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/%2E%2e%2Fsecret.txt',
  '/..%2fsecret.txt',
  '/..%5csecret.txt',
  '/..\\secret.txt',
  '/%5c..%5c..%5csecret.txt',
  '/%252e%252e/secret.txt',
  '/%252e%252e%252fsecret.txt',
  '/%25252e%25252e/secret.txt',
  '/%c0%ae%c0%ae/secret.txt',
  '/%c0%ae%c0%ae%c0%afsecret.txt',
  '/%e0%80%ae%e0%80%ae/secret.txt',
  '/%uff0e%uff0e/secret.txt',
  '/..;/secret.txt',
  '/....//secret.txt',
  '/.%00./secret.txt',
  '/letters.txt%00',
  '/letters.txt%00.html',
  '/letters.txt%2f..%2f..%2fsecret.txt',
  '/sub%2findex.html',
  '//secret.txt',
  '//etc/passwd',
  '/%2fetc%2fpasswd',
  '/C:%5cWindows',
  '/out.txt',
  '/out/secret.txt',
  '/out',
  '/chain/secret.txt',
  '/round',
  '/fifo',
  '/socket',
  '/null',
  '/linked-fifo',
  '/.env',
  '/%2eenv',
  '/.git/config',
  '/sub/.htpasswd',
  '/to-hidden',
  '/./letters.txt',
  '/letters.txt/',
  '/letters.txt/x',
  '/sub//index.html',
  '/empty/',
  '/nowhere',
  `/${'x'.repeat(300)}`,
  `/${'x/'.repeat(3000)}`,
  '/%',
  '/%zz',
  '/%ed%a0%80',
] as const;

/** What a request has beside its path. */
interface Asking {
  readonly method?: string;
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

describe('the files plugin', () => {
  let folder: string;
  let root: string;
  let running: RunningProcess;
  let url: string;

  const start = async (config: object, cwd = PLUGIN): Promise<[RunningProcess, string]> => {
    const port = await freePort();
    const process = await startProcess(['node', join(PLUGIN, 'src/main.ts')], {
      cwd,
      env: { PORT: String(port), PLUGMESH_CONFIG: JSON.stringify(config) },
      ready: /has started/,
    });
    return [process, `http://127.0.0.1:${port}`];
  };

  /** Writes a request line as it is: clients would tidy the path up. */
  const raw = async (target: string, { method = 'GET', origin = url, headers = {} }: Asking = {}) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    const lines = Object.entries({ host: 'files', connection: 'close', ...headers });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.setEncoding('latin1').write(`${method} ${target} HTTP/1.1\r\n${head}\r\n`, 'latin1');
    let text = '';
    socket.on('data', (chunk: string) => (text += chunk));
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to '${target}'`)));
    await once(socket, 'close');
    const [answer = '', ...body] = text.split('\r\n\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
    return { status, head: answer, body: body.join('\r\n\r\n') };
  };

  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'plugmesh-files-')));
    root = join(folder, 'root');
    for (const name of ['root/sub', 'root/empty', 'root/.git', 'root/a b ü%', 'outside'])
      await mkdir(join(folder, name), { recursive: true });
    const files = {
      'secret.txt': SECRET,
      'outside/secret.txt': SECRET,
      'root/letters.txt': LETTERS,
      'root/.env': SECRET,
      'root/.git/config': SECRET,
      'root/sub/.htpasswd': SECRET,
      'root/sub/index.html': '<p>sub',
      'root/a b ü%/page #1?.html': '<p>named',
      'root/picture.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
      'root/no-type': 'x',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const links = {
      'out.txt': '../secret.txt',
      out: '../outside',
      chain: 'out',
      round: 'round',
      'inside.txt': 'sub/../letters.txt',
      within: 'sub',
      null: '/dev/null',
      'to-hidden': '.env',
      'linked-fifo': 'fifo',
    };
    for (const [name, target] of Object.entries(links)) await symlink(target, join(root, name));
    execFileSync('mkfifo', [join(root, 'fifo')]);
    const listening = createServer().listen(join(root, 'socket'));
    await once(listening, 'listening');
    // A socket's file goes with its server; the other name for it stays.
    await rename(join(root, 'socket'), join(root, 'socket.kept'));
    listening.close();
    await symlink('socket.kept', join(root, 'socket'));
    [running, url] = await start({ root });
  });
  after(async () => {
    await running.stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const path of HOSTILE) {
    it(`finds nothing at ${JSON.stringify(path).slice(1, 60)}`, async () => {
      const { status, head, body } = await raw(path);
      assert.equal(status, 404, head);
      assert.ok(!body.includes(SECRET) && !body.includes(folder), body);
    });
  }

  it('never falls over them, and has them not in its log as failures', async () => {
    assert.equal((await raw('/letters.txt')).body, LETTERS);
    assert.equal(running.exit, undefined);
    assert.doesNotMatch(running.output, /"level":(50|"error")|failed/);
  });

  it('sends a file with its type, length and date, for no shared cache to keep', async () => {
    const response = await fetch(`${url}/letters.txt`);
    assert.equal(await response.text(), LETTERS);
    const { headers } = response;
    assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.equal(headers.get('content-length'), '26');
    assert.equal(headers.get('cache-control'), 'private, no-cache');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.ok(headers.has('last-modified') && headers.has('etag'));
    const type = async (path: string) => (await fetch(`${url}/${path}`)).headers.get('content-type');
    assert.equal(await type('picture.svg'), 'image/svg+xml');
    assert.equal(await type('no-type'), 'application/octet-stream');
  });

  for (const [range, status, expected, contentRange] of [
    ['bytes=0-2', 206, 'abc', 'bytes 0-2/26'],
    ['bytes=-3', 206, 'xyz', 'bytes 23-25/26'],
    ['bytes=20-', 206, 'uvwxyz', 'bytes 20-25/26'],
    ['bytes=26-', 416, '', 'bytes */26'],
    ['lines=1-2', 200, LETTERS, null],
  ] as const) {
    it(`answers the range '${range}' with ${status}`, async () => {
      const response = await fetch(`${url}/letters.txt`, { headers: { range } });
      assert.deepEqual(
        [response.status, await response.text(), response.headers.get('content-range')],
        [status, expected, contentRange],
      );
    });
  }

  it('sends nothing again that the client has, and no part of another version', async () => {
    const etag = (await fetch(`${url}/letters.txt`)).headers.get('etag') ?? '';
    const status = async (headers: Record<string, string>) => (await raw('/letters.txt', { headers })).status;
    assert.equal(await status({ 'if-none-match': etag }), 304);
    assert.equal(await status({ 'if-match': '"other"' }), 412);
    assert.equal(await status({ range: 'bytes=0-1', 'if-range': '"other"' }), 200);
    assert.equal(await status({ range: 'bytes=0-1', 'if-range': etag }), 206);
  });

  it('answers HEAD without a body, and other methods with 405', async () => {
    const head = await raw('/letters.txt', { method: 'HEAD' });
    assert.match(head.head, /^HTTP\/1\.1 200 [^]*Content-Length: 26/);
    assert.equal(head.body, '');
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, head } = await raw('/letters.txt', { method });
      assert.equal(status, 405, method);
      assert.match(head, /Allow: GET, HEAD/);
    }
  });

  it('sends what the links inside of the folder name', async () => {
    assert.equal((await raw('/inside.txt')).body, LETTERS);
    assert.equal((await raw('/within/index.html')).body, '<p>sub');
  });

  it('finds names with blanks, umlauts and signs', async () => {
    const path = ['a b ü%', 'page #1?.html'].map(encodeURIComponent).join('/');
    assert.equal(await (await fetch(`${url}/${path}`)).text(), '<p>named');
  });

  it('answers for a folder with its index page, under the prefix that the gateway took away', async () => {
    assert.equal((await raw('/sub/')).body, '<p>sub');
    assert.match((await raw('/sub?a=1')).head, /^HTTP\/1\.1 301 [^]*\r\nLocation: \/sub\/\?a=1\r\n/);
    const headers = { 'x-forwarded-prefix': '/api/files' };
    const named = await fetch(`${url}/a%20b%20%C3%BC%25?x`, { headers, redirect: 'manual' });
    assert.equal(named.headers.get('location'), '/api/files/a%20b%20%C3%BC%25/?x');
  });

  it('serves files whose names begin with a dot only when told so, and then still none outside', async () => {
    const [open, origin] = await start({ root, hidden: true, index: ['missing.html', 'letters.txt'] });
    try {
      assert.equal((await raw('/.git/config', { origin })).body, SECRET);
      assert.equal((await raw('/', { origin })).body, LETTERS, 'the first index that is there');
      for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/out.txt', '/fifo'])
        assert.equal((await raw(path, { origin })).status, 404, path);
    } finally {
      await open.stop();
    }
  });

  it('follows a root that is a link to the release that it names now', async () => {
    const current = join(folder, 'current');
    await symlink('outside', current);
    const [linked, origin] = await start({ root: 'current' }, folder);
    try {
      assert.equal((await raw('/secret.txt', { origin })).body, SECRET);
      await symlink('root', `${current}.next`);
      await rename(`${current}.next`, current);
      assert.equal((await raw('/letters.txt', { origin })).body, LETTERS);
      assert.equal((await raw('/secret.txt', { origin })).status, 404);
    } finally {
      await linked.stop();
    }
  });

  it('serves the page that comes with it, describes its API, and says that it is well', async () => {
    const [shipped, origin] = await start({});
    try {
      assert.match(await (await fetch(origin)).text(), /<h1>Files<\/h1>/);
      const { paths } = (await (await fetch(`${origin}/.plugmesh/openapi.json`)).json()) as { paths: object };
      assert.deepEqual(Object.keys(paths), ['/{path}']);
      assert.equal((await fetch(`${origin}/.plugmesh/healthz`)).status, 200);
    } finally {
      await shipped.stop();
    }
  });

  it('is disabled with a reason when there is no such folder', async () => {
    const [lost, origin] = await start({ root: '/nowhere' });
    try {
      const health = await fetch(`${origin}/.plugmesh/healthz`);
      assert.equal(health.status, 503);
      assert.match(await health.text(), /'\/nowhere', which is no folder; set plugins\.files\.config\.root/);
      assert.equal((await fetch(`${origin}/`)).status, 503);
    } finally {
      await lost.stop();
    }
  });

  it('has nothing at a file that it may not read', async () => {
    await writeFile(join(root, 'private.txt'), SECRET, { mode: 0 });
    // The superuser may read everything.
    assert.equal((await raw('/private.txt')).status, process.getuid?.() === 0 ? 200 : 404);
  });

  it('goes on when a client leaves in the middle of a file', async () => {
    await writeFile(join(root, 'large'), Buffer.alloc(64 << 20));
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('GET /large HTTP/1.1\r\nHost: files\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    await eventually(async () => (await raw('/letters.txt')).body === LETTERS);
    assert.doesNotMatch(running.output, /a route failed/);
  });
});
