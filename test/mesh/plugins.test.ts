import assert from 'node:assert/strict';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { eventually } from '@plugmesh/shared/testing';
import { environmentPlugin, plugin } from './support/plugins.ts';
import { TestMesh } from './support/test-mesh.ts';

describe('plugins of a running mesh', function () {
  this.timeout(90_000);
  let mesh: TestMesh;
  let upstream: Server;
  let upstreamUrl: string;

  before(async () => {
    upstream = createServer((_req, res) => res.end('from elsewhere')).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    mesh = await TestMesh.create({
      plugins: {
        good: environmentPlugin('good'),
        many: plugin('many', 'server((req, res) => res.end(process.env.PLUGMESH_INSTANCE));', {
          instances: 2,
        }),
        'built-first': plugin(
          'built-first',
          "import { text } from './made.mjs'; server((q, res) => res.end(text));",
          {
            setup: [['node', '-e', "fs.writeFileSync('made.mjs', 'export const text = 1 + `2`')"]],
          },
        ),
        'needs-cobol': plugin('needs-cobol', '', { requires: { 'no-such-cobol': '>=3' } }),
        'wrong-manifest': {
          'plugin.json': '{\n  "name": "wrong-manifest",\n  "run": ["node"],\n  "guards": "public"\n}',
        },
        'no-program': { 'plugin.json': { name: 'no-program', run: ['no-such-program'] } },
        silent: plugin('silent', 'setInterval(() => {}, 1000);'),
        elsewhere: plugin('elsewhere', "createServer(() => {}).listen(0, '127.0.0.1');"),
        brief: plugin('brief', "console.error('the reason is a missing key'); process.exit(3);"),
        robbed: plugin('robbed', "server((req, res) => res.end('mine'));", {
          port: Number(new URL(upstreamUrl).port),
        }),
        garbage: plugin(
          'garbage',
          "import { createServer as tcp } from 'node:net';\n" +
            "tcp((socket) => { socket.on('error', () => {}); socket.end('this is not HTTP\\n\\n'); }).listen(Number(process.env.PORT), '127.0.0.1');",
        ),
      },
    });
    await mesh.up();
  });
  after(async () => {
    await mesh.remove();
    upstream.close();
  });

  const get = async (path: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${mesh.origin}${path}`);
    return { status: response.status, text: await response.text() };
  };

  it('run beside those that cannot', async () => {
    assert.equal((await mesh.untilState('good', 'ready')).instances.length, 1);
    assert.equal((await get('/api/good/')).status, 200);
  });

  it('may have several instances', async () => {
    await eventually(async () => {
      const { instances } = await mesh.untilState('many', 'ready');
      return instances.filter(({ state }) => state === 'ready').length === 2;
    });
    const seen = new Set<string>();
    await eventually(async () => seen.add((await get('/api/many/')).text).size === 2, { timeoutMs: 10_000 });
    assert.deepEqual([...seen].sort(), ['many-0', 'many-1']);
  });

  it('are set up before they start', async () => {
    await mesh.untilState('built-first', 'ready');
    assert.equal((await get('/api/built-first/')).text, '12');
  });

  it('are skipped with a hint when a program is missing', async () => {
    assert.match((await mesh.untilState('needs-cobol', 'skipped')).reason ?? '', /no-such-cobol.*>=3/);
  });

  it('are invalid with file, line and column when the manifest is wrong', async () => {
    await mesh.untilState('wrong-manifest', 'invalid');
    assert.match(mesh.output, /MESH_MANIFEST_UNKNOWN_FIELD.*plugin\.json:4:3/);
  });

  it('say which program is missing', async () => {
    assert.match((await mesh.untilState('no-program', 'unready')).reason ?? '', /no-such-program/);
  });

  it('that listen elsewhere are told where', async () => {
    const { reason } = await mesh.untilState('elsewhere', 'unready');
    assert.match(reason ?? '', /MESH_PLUGIN_NOT_LISTENING.*process \d+.*listens on \d+/);
  });

  it('whose port is taken are told by whom, and the other program is not asked in their place', async () => {
    const { reason } = await mesh.untilState('robbed', 'unready');
    assert.match(reason ?? '', new RegExp(`MESH_PORT_TAKEN.*held by process ${process.pid} \\(`));
    assert.notEqual((await get('/api/robbed/')).text, 'from elsewhere');
  });

  it('that exit at once are told with their last words', async () => {
    const found = await eventually(
      async () => {
        const plugin = await mesh.plugin('brief');
        return plugin?.state === 'unready' && plugin.reason?.includes('the reason is a missing key')
          ? plugin
          : undefined;
      },
      { timeoutMs: 20_000 },
    );
    assert.match(found.reason ?? '', /MESH_PLUGIN_EXITED/);
  });

  it('that exit at once are started anew as soon as their manifest is put right', async () => {
    await mesh.addPlugin('brief', {
      'better.mjs': plugin('brief', "server((req, res) => res.end('better'));")['main.mjs'] ?? '',
      'plugin.json': plugin('brief', '', { run: ['node', 'better.mjs'] })['plugin.json'] ?? '',
    });
    await mesh.untilState('brief', 'ready');
    // The gateway may hear of it a moment later.
    await eventually(async () => (await get('/api/brief/')).text === 'better');
    await eventually(() => /^brief is ready$/m.test(mesh.output));
  });

  it('that answer garbage are unready and get a problem document', async () => {
    const { reason } = await mesh.untilState('garbage', 'unready');
    assert.match(reason ?? '', /MESH_UPSTREAM_FAILED.*not HTTP/);
    const response = await fetch(`${mesh.origin}/api/garbage/`);
    assert.ok(response.status === 502 || response.status === 503);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
  });

  it('that never listen are told so', async () => {
    const { reason } = await mesh.untilState('silent', 'unready', 40_000);
    assert.match(reason ?? '', /MESH_PLUGIN_NOT_LISTENING/);
  });

  it('are added by two lines of TOML within a second, and removed again', async () => {
    const before = await readFile(mesh.file, 'utf8');
    await appendFile(mesh.file, `[plugins.far]\nurl = "${upstreamUrl}"\nguard = "public"\n`);
    await eventually(async () => (await get('/api/far/')).text === 'from elsewhere', { timeoutMs: 2_000 });
    await writeFile(mesh.file, before);
    await eventually(async () => (await get('/api/far/')).status === 404, { timeoutMs: 2_000 });
  });

  it('are started as soon as the configuration is whole again', async () => {
    const whole = await readFile(mesh.file, 'utf8');
    const waitsForFile = "const look = () => fs.existsSync('go.txt') || setTimeout(look, 50); look();";
    const manifest = { setup: [['node', '-e', waitsForFile]] };
    await mesh.addPlugin('unlucky', plugin('unlucky', "server((req, res) => res.end('at last'));", manifest));
    await eventually(async () => /its setup runs/.test((await mesh.plugin('unlucky'))?.reason ?? ''));
    await writeFile(mesh.file, `${whole}[gatewayy]\n`);
    await mesh.addPlugin('unlucky', { 'go.txt': '' });
    await eventually(async () => /pm2 could not start/.test((await mesh.plugin('unlucky'))?.reason ?? ''), {
      timeoutMs: 10_000,
    }).finally(() => writeFile(mesh.file, whole));
    await mesh.untilState('unlucky', 'ready', 20_000);
  });

  it('are added by a folder and removed with it', async () => {
    await mesh.addPlugin('later', plugin('later', "server((req, res) => res.end('late'));"));
    await eventually(async () => (await get('/api/later/')).text === 'late', { timeoutMs: 10_000 });
    await rm(join(mesh.folder, 'services/later'), { recursive: true });
    await eventually(async () => (await get('/api/later/')).status === 404, { timeoutMs: 10_000 });
    await eventually(async () => !(await mesh.runningProcesses()).some(({ name }) => name === 'later'), {
      timeoutMs: 10_000,
    });
  });

  it('register themselves by HTTP and deregister', async () => {
    const put = (token: string, url: string): Promise<Response> =>
      fetch(`${mesh.origin}/mesh/registry/walk-in/one`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ url }),
      });
    assert.equal((await put(mesh.pluginToken('good'), upstreamUrl)).status, 403);
    assert.equal((await put('walk-in.wrong', upstreamUrl)).status, 401);
    assert.equal((await put(mesh.pluginToken('walk-in'), 'http://8.8.8.8:80')).status, 403);
    assert.ok((await put(mesh.pluginToken('walk-in'), upstreamUrl)).ok);
    await mesh.untilState('walk-in', 'ready');
    // Without grants its guard is the default one, which nobody can pass yet.
    await eventually(async () => (await get('/api/walk-in/')).status === 401);
    const gone = await fetch(`${mesh.origin}/mesh/registry/walk-in/one`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${mesh.pluginToken('walk-in')}` },
    });
    assert.equal(gone.status, 204);
    await eventually(async () => (await get('/api/walk-in/')).status === 404);
  });

  it('are disabled and enabled by the operator', async () => {
    assert.equal((await mesh.command('disable', 'good')).code, 0);
    await eventually(async () => (await get('/api/good/')).status === 503);
    await eventually(async () => !(await mesh.runningProcesses()).some(({ name }) => name === 'good'), {
      timeoutMs: 10_000,
    });
    assert.match((await mesh.command('enable', 'goood')).output, /MESH_PLUGIN_UNKNOWN {2}.*'goood'/);
    assert.equal((await mesh.command('enable', 'good')).code, 0);
    await eventually(async () => (await get('/api/good/')).status === 200, { timeoutMs: 10_000 });
  });
});
