import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { isAlive, logFile } from '@plugmesh/shared/processes';
import { eventually } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { ClientLoad } from './support/client-load.ts';
import { codeBlock, codeBlocks, type CodeBlock } from './support/code-blocks.ts';
import { PhoenixClients } from './support/phoenix-clients.ts';
import { plugin } from './support/plugins.ts';
import { Pm2Mesh } from './support/pm2-mesh.ts';

const GUIDE = join(import.meta.dirname, '../../docs/guides/deploy-pm2.md');
const CLIENTS = 60;
const MEBIBYTE = 1024 * 1024;

/** Short answers, slow ones, the request's own body, and a download of two seconds. */
const UPSTREAM = `
import { setTimeout as delay } from 'node:timers/promises';
const pages = {
  '/short': (req, res) => res.end('short'),
  '/slow': (req, res) => delay(300).then(() => res.end('slow')),
  '/echo': (req, res) => req.pipe(res),
  '/download': async (req, res) => {
    for (let n = 0; n < 20; n++) { res.write('x'.repeat(65536)); await delay(100); }
    res.end();
  },
};
server((req, res) => (pages[req.url] ?? pages['/short'])(req, res));
`;

/** Takes 300 MiB when it is asked to. */
const HUNGRY = `
let eaten;
server((req, res) => {
  if (req.method === 'POST') eaten = Buffer.alloc(300 * 1024 * 1024, 1);
  res.end(String(process.pid));
});
`;

describe('the guide to pm2', function () {
  this.timeout(90_000);
  let guide: readonly CodeBlock[];
  let pm2: Pm2Mesh;
  let redis: Redis;

  /** A block of the guide, with this test's addresses. */
  const block = (name: string): string =>
    codeBlock(guide, name)
      .text.replace('redis://127.0.0.1:6379', pm2.redis.url)
      .replace('http://localhost:2345', pm2.mesh.origin);

  const pids = async (...names: readonly string[]): Promise<(number | undefined)[]> =>
    (await pm2.list()).filter(({ name }) => names.includes(name)).map(({ pid }) => pid);

  before(async () => {
    guide = codeBlocks(await readFile(GUIDE, 'utf8'));
    pm2 = await Pm2Mesh.create({
      plugins: { load: plugin('load', UPSTREAM), hungry: plugin('hungry', HUNGRY) },
      toml: '[plugins.hungry.limits]\nmemory = "200MiB"\n[gateway.rates]\ntoken = "1000000/1m"\n',
      // pm2 looks at the memory twice a minute.
      env: { PM2_WORKER_INTERVAL: '1000' },
    });
    await pm2.writeEnvironment(block('.env') + block('limits'));
    redis = new Redis(pm2.redis.url);
  });
  after(async () => {
    redis.disconnect();
    await pm2.remove();
  });

  it('starts the mesh from a clone, for the owner of a Redis', async () => {
    await pm2.shell(block('start'));
    await pm2.untilReady('load', 'hungry');
    assert.match(await pm2.shell(block('ready')), /"state":"ready"/);
    assert.match(await pm2.shell('./plugmesh ps'), /^load +ready/m);
    const names = (await pm2.list()).map(({ name }) => name).sort();
    assert.deepEqual(names, ['channel', 'channel', 'gateway', 'gateway', 'hungry', 'load', 'mesh']);
  });

  for (const command of ['up', 'down']) {
    it(`is not disturbed by \`plugmesh ${command}\` in the same clone`, async () => {
      const before = await pids('gateway', 'channel', 'mesh', 'load');
      const { code, output } = await pm2.mesh.command(command);
      assert.equal(code, 1);
      assert.match(output, /MESH_ALREADY_RUNNING.*run by pm2 \(process \d+.*\n.*npx pm2 kill/);
      assert.deepEqual(await pids('gateway', 'channel', 'mesh', 'load'), before);
    });
  }

  it('gives pm2 the memory limits that are set', async () => {
    assert.deepEqual(await pm2.memoryLimits(), {
      gateway: 600 * MEBIBYTE,
      channel: 1024 * MEBIBYTE,
      hungry: 200 * MEBIBYTE,
      load: undefined,
      mesh: undefined,
    });
  });

  it('loses no request and no client while two gateways, two channels and mesh are exchanged', async function () {
    const before = await pids('gateway', 'channel', 'mesh');
    const clients = new PhoenixClients(pm2.mesh.origin, 'system', CLIENTS);
    await clients.untilJoined();
    const load = startLoad(pm2.mesh.origin);
    await eventually(() => load.sent > 500);
    await pm2.shell(block('reload'));
    await clients.untilJoined();
    const { sent, failures } = await load.stop();
    const now = await pids('gateway', 'channel', 'mesh');
    assert.ok(now.length === 5 && now.every((pid) => pid !== undefined && !before.includes(pid)));
    await redis.publish('to:system:news', '{"n":1}');
    await eventually(() => clients.heard(1) === CLIENTS);
    clients.disconnect();
    assert.deepEqual(failures, []);
    assert.ok(clients.longestAbsenceMs < 10_000, `a client was away for ${clients.longestAbsenceMs} ms`);
    const seen = `${sent} requests; ${clients.losses} topics lost and joined again, ${clients.longestAbsenceMs} ms at most`;
    this.test!.title += ` (${seen})`;
  });

  it('starts a plugin anew that takes more memory than its limit, and nothing else', async () => {
    const others = await pids('gateway', 'channel', 'mesh', 'load');
    const address = `${pm2.mesh.origin}/api/hungry/`;
    const pid = await (await fetch(address)).text();
    const load = new ClientLoad(pm2.mesh.origin).withAgent({ clients: 2, path: '/api/load/slow' });
    await fetch(address, { method: 'POST' });
    const isNew = async (response: Response): Promise<boolean> =>
      response.ok && (await response.text()) !== pid;
    await eventually(async () => isNew(await fetch(address)), { timeoutMs: 15_000 });
    assert.deepEqual((await load.stop()).failures, []);
    assert.deepEqual(await pids('gateway', 'channel', 'mesh', 'load'), others);
  });

  it('exchanges a plugin under load', async () => {
    const load = startLoad(pm2.mesh.origin);
    await eventually(() => load.sent > 500);
    await pm2.shell(block('plugin').replace('PLUGIN', 'load'));
    assert.deepEqual((await load.stop()).failures, []);
    assert.ok((await pm2.list()).some(({ name }) => name === 'load.2'));
  });

  it('leaves no connection waiting for a channel process that was killed', async () => {
    const [pid] = await pids('channel');
    process.kill(pid!, 'SIGSTOP');
    const { port } = pm2.mesh.config.channel;
    const sockets = Array.from({ length: 32 }, () => connect(port, '127.0.0.1'));
    // A reset is an error, too.
    const isClosed = (socket: Socket): Promise<unknown> =>
      new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
    const closed = Promise.all(sockets.map(isClosed));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets)
      socket.end('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n').resume();
    process.kill(pid!, 'SIGKILL');
    await closed;
    await eventually(async () => {
      const all = await pids('channel');
      return (
        all.length === 2 && !all.includes(pid) && all.every((each) => each !== undefined && isAlive(each))
      );
    });
  });

  it('has everything back after pm2 was killed', async () => {
    await pm2.shell(block('save'));
    const pid = pm2.daemonPid!;
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isAlive(pid));
    await pm2.shell(block('resurrect'));
    await pm2.untilReady('load', 'hungry');
    assert.equal((await pids('gateway', 'channel')).length, 4);
  });

  it('has one more gateway where that is asked for', async () => {
    await pm2.shell(block('scale'));
    assert.equal((await pids('gateway')).length, 3);
    await eventually(async () => (await fetch(`${pm2.mesh.origin}/api/load/short`)).ok);
  });

  it('leaves nothing behind when everything is stopped', async () => {
    const all = (await pm2.list()).flatMap(({ pid }) => pid ?? []);
    await pm2.shell(block('stop'));
    assert.deepEqual(all.filter(isAlive), []);
    assert.deepEqual(pm2.mesh.heldPorts(), []);
  });

  for (const name of ['gateway', 'channel', 'mesh']) {
    it(`has left one JSON object with one time on each line of ${name}'s log`, async () => {
      const lines = (await readFile(logFile(pm2.mesh.config, name), 'utf8')).trimEnd().split('\n');
      assert.ok(lines.length > 1);
      for (const line of lines) {
        const entry = JSON.parse(line) as { time: string; name: string };
        assert.equal(entry.name, name);
        assert.ok(!Number.isNaN(Date.parse(entry.time)), line);
      }
    });
  }
});

/** Forty clients, none of which tries again. */
function startLoad(origin: string): ClientLoad {
  const body = 'b'.repeat(10_000);
  const short = { path: '/api/load/short', expected: 'short' };
  const slow = { path: '/api/load/slow', expected: 'slow' };
  const echo = { path: '/api/load/echo', body, expected: body };
  const download = { path: '/api/load/download', expected: 'x'.repeat(20 * 65_536) };
  const token = { path: '/token', body: '{"channel":"system"}', expected: 'token' };
  return new ClientLoad(origin)
    .withAgent(
      { ...short, clients: 8 },
      { ...slow, clients: 8 },
      { ...echo, clients: 8 },
      { ...download, clients: 2 },
      { ...token, clients: 2 },
    )
    .withFetch({ ...short, clients: 4 }, { ...slow, clients: 4 }, { ...echo, clients: 4 });
}
