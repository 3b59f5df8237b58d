import assert from 'node:assert/strict';
import type { Identity } from '@plugmesh/shared/identity';
import { createLog } from '@plugmesh/shared/log';
import { RedisServer } from '@plugmesh/shared/testing';
import { Rates } from '../../src/rates/rates.ts';
import type { Visit } from '../../src/visit.ts';
import { rawRequest } from '../support/raw-request.ts';
import { RecordingUpstream } from '../support/recording-upstream.ts';
import { TestGateway, type GatewaySketch } from '../support/start-gateway.ts';

const MINUTE = 60_000;
const NO_RATES = {
  address: undefined,
  identity: undefined,
  key: undefined,
  login: { count: 1000, perMs: MINUTE },
  keys: { count: 1000, perMs: MINUTE },
  token: { count: 1000, perMs: MINUTE },
};

describe('rates', () => {
  const gateways: TestGateway[] = [];
  let upstream: RecordingUpstream;
  let redis: RedisServer;

  before(async () => {
    [upstream, redis] = await Promise.all([RecordingUpstream.start(), RedisServer.start()]);
  });
  afterEach(() => Promise.all(gateways.splice(0).map((gateway) => gateway.stop())));
  after(() => Promise.all([upstream.stop(), redis.stop()]));

  const start = async (rates: Partial<typeof NO_RATES> | object, more: GatewaySketch['gateway'] = {}) => {
    const gateway = await TestGateway.start({
      plugins: ['ships', 'accounts'].map((id) => ({ id, urls: [upstream.url] })),
      services: { channel: { url: upstream.url } },
      gateway: { trustedProxies: ['127.0.0.1/32'], ...more, rates: { ...NO_RATES, ...rates } },
      redisUrl: redis.url,
    });
    gateways.push(gateway);
    return gateway;
  };
  const ask = async (gateway: TestGateway, path: string, from: string, method = 'GET'): Promise<Response> =>
    fetch(gateway.url + path, { method, headers: { 'x-forwarded-for': from } });
  const statuses = async (times: number, send: () => Promise<Response>): Promise<number[]> => {
    const seen: number[] = [];
    while (seen.length < times) seen.push((await send()).status);
    return seen;
  };

  it('refuses an address that comes too often, says when to come back, and serves others', async () => {
    const gateway = await start({ address: { count: 2, perMs: MINUTE } });
    const seen = upstream.requests.length;
    assert.deepEqual(await statuses(3, () => ask(gateway, '/api/ships/', '192.0.2.1')), [200, 200, 429]);
    const refused = await ask(gateway, '/api/ships/', '192.0.2.1');
    assert.equal(((await refused.json()) as { code: string }).code, 'MESH_RATE_LIMITED');
    const retryAfter = Number(refused.headers.get('retry-after'));
    assert.ok(retryAfter >= 1 && retryAfter <= 60, String(retryAfter));
    assert.equal((await ask(gateway, '/api/ships/', '192.0.2.2')).status, 200);
    assert.equal(upstream.requests.length - seen, 3);
  });

  it('takes the network of an IPv6 address for one client', async () => {
    const gateway = await start({ address: { count: 2, perMs: MINUTE } });
    const from = ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8:0:0:1:2:3:4', '2001:db8:0:1::1'];
    const seen = await statuses(4, () => ask(gateway, '/api/ships/', from.shift() ?? ''));
    assert.deepEqual(seen, [200, 200, 429, 200]);
  });

  it('tells IPv4 clients apart, also where a proxy writes their addresses as IPv6', async () => {
    const gateway = await start({ address: { count: 1, perMs: MINUTE } });
    const from = ['::ffff:192.0.2.1', '::ffff:198.51.100.1', '192.0.2.1'];
    const seen = await statuses(3, () => ask(gateway, '/api/ships/', from.shift() ?? ''));
    assert.deepEqual(seen, [200, 200, 429]);
  });

  it('gives each process its share', async () => {
    const gateway = await start({ address: { count: 4, perMs: MINUTE } }, { instances: 2 });
    assert.deepEqual(await statuses(3, () => ask(gateway, '/api/ships/', '192.0.2.1')), [200, 200, 429]);
  });

  it('counts WebSocket handshakes as well', async () => {
    const gateway = await start({ address: { count: 1, perMs: MINUTE } });
    await ask(gateway, '/api/ships/', '192.0.2.1');
    const handshake = [
      'GET /api/ships/live HTTP/1.1',
      'Host: a',
      'Connection: Upgrade',
      'Upgrade: websocket',
    ];
    const answer = await rawRequest(
      gateway.port,
      [...handshake, 'X-Forwarded-For: 192.0.2.1', '', ''].join('\r\n'),
    );
    assert.deepEqual(answer.statuses, [429]);
    assert.ok(answer.closed);
  });

  for (const [what, paths] of [
    ['login', ['/api/accounts/v1/login', '/api/accounts/v1/LOGIN/']],
    ['login', ['/api/accounts/v1/link', '/api/accounts/v1/login']],
    ['keys', ['/api/accounts/v1/keys', '/api/accounts/v1/KEYS/']],
    ['token', ['/token', '/socket/token']],
  ] as const) {
    it(`counts '${what}' over all processes, by any path that leads to ${paths[0]}`, async () => {
      const rates = { [what]: { count: 3, perMs: MINUTE } };
      const [one, other] = [await start(rates), await start(rates)];
      const turns = [one, other, one, other];
      const from = `192.0.2.${paths[0].length}`;
      const send = (): Promise<Response> => {
        const gateway = turns.shift() ?? one;
        return ask(gateway, paths[turns.length % 2] ?? '', from, 'POST');
      };
      assert.deepEqual(await statuses(4, send), [200, 200, 200, 429]);
      assert.equal((await ask(one, paths[0], '192.0.2.99', 'POST')).status, 200);
      assert.equal((await ask(one, '/api/ships/', from)).status, 200);
    });
  }

  it('goes on counting in each process while Redis is away', async () => {
    const gateway = await start({ login: { count: 2, perMs: MINUTE } });
    const send = (): Promise<Response> => ask(gateway, '/api/accounts/v1/login', '192.0.2.50', 'POST');
    assert.equal((await send()).status, 200);
    await redis.kill();
    assert.deepEqual(await statuses(3, send), [200, 200, 429]);
    await redis.resume();
  });

  it('counts users and plugins by who they are, and keys by their prefix', async () => {
    const rates = { ...NO_RATES, identity: { count: 1, perMs: MINUTE }, key: { count: 1, perMs: MINUTE } };
    const config = { rates, instances: 1, accounts: 'accounts' };
    const { countIdentity } = new Rates({
      config,
      redisUrl: undefined,
      log: createLog({ name: 'test', level: 'silent' }),
    });
    const come = async (identity: Identity): Promise<boolean> => {
      const passed = countIdentity({ identity } as Visit) ?? Promise.resolve();
      return passed.then(
        () => true,
        () => false,
      );
    };
    const ann = { kind: 'user', id: 'ann', name: 'Ann', roles: [], guards: [] } as const;
    const first: Identity[] = [
      { ...ann, session: 'one' },
      { ...ann, key: 'k1' },
      { ...ann, key: 'k2' },
      { kind: 'plugin', id: 'ann' },
      { kind: 'key', id: 'gateway' },
    ];
    for (const identity of first) assert.ok(await come(identity), JSON.stringify(identity));
    const again: Identity[] = [...first, { ...ann, session: 'two' }];
    for (const identity of again) assert.ok(!(await come(identity)), JSON.stringify(identity));
    assert.ok(await come({ kind: 'anonymous' }));
  });
});
