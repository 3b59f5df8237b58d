import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { operatorToken, loadSecrets } from '@plugmesh/shared/identity';
import { askPlugin, createKey, endpointsToml, type Answer } from './support/endpoints-mesh.ts';
import { LOGIN, PrometheusServer } from './support/prometheus-server.ts';
import { TestMesh } from './support/test-mesh.ts';

const TOML = `${endpointsToml('metrics')}user_endpoints = true\n`;

/** A type without code, for what Prometheus has metrics of. */
const SITE = {
  'plugin.json': { name: 'site', endpoints: [{ type: 'site', title: 'Site', connect: [{ kind: 'none' }] }] },
};

/** Whatever an answer is. */
type Json = ReturnType<typeof JSON.parse>;

interface Found {
  readonly status: string;
  readonly data: { readonly result: { readonly metric: Record<string, string> }[] };
}

describe('metrics of endpoints', function () {
  this.timeout(90_000);
  /** External systems that have no metrics; Prometheus asks the first one in vain. */
  const [scraped, unknown] = [
    createServer((_, response) => response.end()),
    createServer((_, response) => response.end()),
  ];
  const urlOf = (server: typeof scraped): string =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let mesh: TestMesh;
  let open: PrometheusServer;
  let closed: PrometheusServer;
  const keys: Record<string, string> = {};
  const guids: Record<string, string> = {};

  before(async () => {
    for (const server of [scraped, unknown]) await once(server.listen(0, '127.0.0.1'), 'listening');
    mesh = await TestMesh.create({ toml: TOML, plugins: { site: SITE } });
    await mesh.up();
    for (const id of ['accounts', 'endpoints', 'metrics', 'site']) await mesh.untilState(id, 'ready');
    const credentials = operatorToken(loadSecrets(mesh.config));
    const target = mesh.origin.replace('http://', '');
    const gateway = {
      job_name: 'gateway',
      authorization: { credentials },
      static_configs: [{ targets: [target] }],
    };
    const nothing = {
      job_name: 'nothing',
      static_configs: [{ targets: [urlOf(scraped).replace('http://', '')] }],
    };
    open = await PrometheusServer.start({ jobs: [gateway, nothing] });
    closed = await PrometheusServer.start({ jobs: [nothing], isClosed: true });
    await Promise.all([open.untilScraped(2), closed.untilScraped(1)]);
    for (const [name, guard, ...role] of [
      ['root', 'admin', '--role', 'admin'],
      ['ann', 'session'],
      ['bob', 'session'],
    ] as const) {
      await mesh.run(['user', 'create', name, ...role]);
      keys[name] = await createKey(mesh, name, 'session', ...(guard === 'admin' ? [guard] : []));
    }
  });
  after(async () => {
    for (const server of [scraped, unknown]) server.close();
    await Promise.all([open.stop(), closed.stop()]);
    await mesh.remove();
  });

  const ask = (who: string, path: string, body?: object): Promise<Answer> =>
    askPlugin(mesh, { key: keys[who] ?? '', method: body ? 'POST' : 'GET', path, body });
  const register = async (who: string, type: string, name: string, url: string): Promise<string> => {
    const { status, body } = await ask(who, 'endpoints/v1/endpoints', { type, name, url });
    assert.equal(status, 201, JSON.stringify(body));
    return (guids[name] = body.guid);
  };
  const query = (who: string, guid: string, text: string) =>
    ask(who, `metrics/v1/endpoints/${guid}/query?query=${encodeURIComponent(text)}`);

  it('registers a Prometheus, one behind a login too, and refuses what is none', async () => {
    await register('root', 'metrics', 'open', open.url);
    await register('root', 'metrics', 'closed', `${closed.url}/`);
    const refused = await ask('root', 'endpoints/v1/endpoints', {
      type: 'metrics',
      name: 'x',
      url: mesh.origin,
    });
    assert.deepEqual([refused.status, refused.body.code], [422, 'MESH_ENDPOINT_INVALID']);
    const list = (await ask('ann', 'endpoints/v1/endpoints')).body.endpoints;
    const known = Object.fromEntries(list.map(({ name, metadata }: Json) => [name, metadata.metrics]));
    assert.match(known.open.version, /^\d+\.\d+/);
    assert.equal(known.closed.login, 'basic');
  });

  it('connects with what the server asks for, and with nothing less', async () => {
    const connect = (guid: string, kind: string, credentials: object) =>
      ask('ann', `endpoints/v1/endpoints/${guid}/connection`, { kind, credentials });
    const { username, password } = LOGIN;
    for (const [kind, credentials] of [
      ['none', {}],
      ['basic', { username, password: 'wrong' }],
    ] as const) {
      const { status, body } = await connect(guids['closed'] ?? '', kind, credentials);
      assert.deepEqual([status, body.code], [400, 'MESH_ENDPOINT_CREDENTIALS']);
    }
    assert.equal((await connect(guids['closed'] ?? '', 'basic', { username, password })).status, 201);
    assert.equal((await connect(guids['open'] ?? '', 'none', {})).status, 201);
  });

  it('marks which other endpoints have metrics, for those who are connected', async () => {
    await register('root', 'site', 'gateway', `${mesh.origin}/`);
    await register('root', 'site', 'elsewhere', urlOf(unknown));
    const marks = async (who: string) => {
      const { endpoints, notes } = (await ask(who, 'endpoints/v1/endpoints')).body;
      assert.deepEqual(notes, []);
      return Object.fromEntries(
        endpoints.map((each: Json) => [each.name, each.metadata.metrics?.sources?.length ?? 0]),
      );
    };
    assert.deepEqual(await marks('ann'), { open: 0, closed: 0, gateway: 1, elsewhere: 0 });
    assert.deepEqual(await marks('bob'), { open: 0, closed: 0, gateway: 0, elsewhere: 0 });
  });

  it('answers queries about an endpoint with nothing of any other', async () => {
    for (const text of [
      'up',
      '{__name__=~".+"}',
      '{job=~".*"} or up',
      'up or ignoring(job) up{job="nothing"}',
    ]) {
      const { status, body } = await query('ann', guids['gateway'] ?? '', text);
      assert.equal(status, 200, JSON.stringify(body));
      const jobs = new Set((body as Found).data.result.map(({ metric }) => metric['job']));
      assert.deepEqual([...jobs], ['gateway'], text);
    }
    const counted = await query('ann', guids['gateway'] ?? '', 'count(up)');
    assert.equal(counted.body.data.result[0].value[1], '1');
  });

  it('draws a curve over a time', async () => {
    const now = Date.now() / 1000;
    const parameters = `query=up&start=${now - 10}&end=${now}&step=1`;
    const { status, body } = await ask(
      'ann',
      `metrics/v1/endpoints/${guids['gateway']}/query_range?${parameters}`,
    );
    assert.equal(status, 200);
    assert.ok(body.data.result[0].values.length > 1);
  });

  it('shows no metrics to who is not connected, and nothing of endpoints that are not seen', async () => {
    const hidden = await register('bob', 'site', 'hidden', urlOf(scraped));
    const refusals = [
      await query('bob', guids['gateway'] ?? '', 'up'),
      await query('ann', guids['elsewhere'] ?? '', 'up'),
      await query('ann', hidden, 'up'),
    ];
    assert.deepEqual(
      refusals.map(({ status, body }) => [status, body.code]),
      [
        [404, 'MESH_NOT_FOUND'],
        [404, 'MESH_NOT_FOUND'],
        [404, 'MESH_ENDPOINT_UNKNOWN'],
      ],
    );
  });

  it('gives administrators all that a Prometheus knows, and nobody else', async () => {
    const path = `metrics/v1/admin/prometheus/${guids['open']}/query?query=count(up)`;
    assert.deepEqual([(await ask('root', path)).status, (await ask('ann', path)).status], [409, 403]);
    const connected = await ask('root', `endpoints/v1/endpoints/${guids['open']}/connection`, {
      kind: 'none',
      credentials: {},
      shared: true,
    });
    assert.equal(connected.status, 201);
    assert.equal((await ask('root', path)).body.data.result[0].value[1], '2');
  });

  it('says what Prometheus says of a query that it does not understand', async () => {
    const { status, body } = await query('ann', guids['gateway'] ?? '', 'rate(up)');
    assert.deepEqual([status, body.status, body.errorType], [400, 'error', 'bad_data']);
    assert.equal((await query('ann', guids['gateway'] ?? '', 'up{')).body.code, 'MESH_BAD_REQUEST');
  });
});
