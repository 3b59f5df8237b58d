import assert from 'node:assert/strict';
import { eventually } from '@plugmesh/shared/testing';
import { Redis } from 'ioredis';
import { ClientLoad } from './support/client-load.ts';
import { PhoenixClients } from './support/phoenix-clients.ts';
import { plugin } from './support/plugins.ts';
import { Pm2Mesh } from './support/pm2-mesh.ts';

const CLIENTS = 60;
const TWO_OF_EACH = { PLUGMESH__GATEWAY__INSTANCES: '2', PLUGMESH__CHANNEL__INSTANCES: '2' };

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

describe('a mesh that its owner runs with pm2', function () {
  this.timeout(120_000);
  let pm2: Pm2Mesh;
  let redis: Redis;

  before(async () => {
    pm2 = await Pm2Mesh.create({ plugins: { load: plugin('load', UPSTREAM) }, env: TWO_OF_EACH });
    await pm2.start('load');
    redis = new Redis(pm2.redis.url);
  });
  after(async () => {
    redis.disconnect();
    await pm2.remove();
  });

  const pids = async (name: string): Promise<(number | undefined)[]> =>
    (await pm2.list()).filter((each) => each.name === name).map(({ pid }) => pid);

  for (const name of ['gateway', 'channel']) {
    it(`loses no request and no client while two of ${name} are reloaded`, async function () {
      const before = await pids(name);
      const clients = new PhoenixClients(pm2.mesh.origin, 'system', CLIENTS);
      await clients.untilJoined();
      const load = startLoad(pm2.mesh.origin);
      await eventually(() => load.sent > 500);
      await pm2.shell(`npx pm2 reload ${name}`);
      const reloadedAt = performance.now();
      await clients.untilJoined();
      const backAfter = Math.round(performance.now() - reloadedAt);
      const { sent, failures } = await load.stop();
      assert.ok((await pids(name)).every((pid) => pid !== undefined && !before.includes(pid)));
      await redis.publish('to:system:news', '{"n":1}');
      await eventually(() => clients.heard(1) === CLIENTS);
      clients.disconnect();
      assert.deepEqual(failures, []);
      const title = `${sent} requests, ${clients.losses} lost topics, all back ${backAfter} ms after the reload`;
      this.test!.title += ` (${title})`;
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
