import assert from 'node:assert/strict';
import type { MeshDocument, MeshPlugin, MiddlewareRule } from '@plugmesh/shared/mesh-document';
import { managedProcess } from '@plugmesh/shared/processes';
import { GatewayReports } from '../../src/gateway-reports.ts';
import { pluginsView, statusView } from '../../src/status.ts';

const plugin = {
  id: 'ships',
  source: 'manifest',
  enabled: true,
  state: 'unready',
  reason: 'it is at http://10.0.0.7:8001',
  failure: { code: 'MESH_PLUGIN_EXITED', message: 'it ended', lines: ['no key'], fix: 'set KEY' },
  http: { prefix: '/api/ships', guard: 'public', aliases: [] },
  instances: [{ id: 'ships-0', url: 'http://10.0.0.7:8001', state: 'unready', pid: 7 }],
} as unknown as MeshPlugin;

const document = (mode: MeshDocument['mode']): MeshDocument => ({
  format: 1,
  version: 3,
  mode,
  control: { url: '' },
  channel: { url: '' },
  plugins: [plugin],
  middleware: [],
  topics: [],
  endpointTypes: [],
});

const silent = (): undefined => undefined;

const managed = managedProcess({
  name: 'ships',
  pid: 7,
  monit: { memory: 5, cpu: 1 },
  pm2_env: { status: 'online', PLUGMESH_PLUGIN: 'ships', PORT: '8001', pm_uptime: 1, restart_time: 2 },
});

describe('mesh views', () => {
  it('show a stranger names and states only, in production', () => {
    assert.deepEqual(pluginsView(document('production'), { isInCharge: false }, silent), {
      version: 3,
      mode: 'production',
      plugins: [{ id: 'ships', state: 'unready' }],
    });
  });

  it('show everybody the reason, but no address, in development', () => {
    const text = JSON.stringify(pluginsView(document('development'), { isInCharge: false }, silent));
    assert.match(text, /"reason".*"failure":\{.*"fix":"set KEY"/);
    assert.doesNotMatch(text, /"url"|"pid"/);
  });

  it('show the operator addresses and process ids', () => {
    const text = JSON.stringify(pluginsView(document('production'), { isInCharge: true }, silent));
    assert.match(text, /"url":"http:\/\/10\.0\.0\.7:8001"/);
  });

  it('show rules and limits to the operator alone, and what opens a plugin to nobody', () => {
    const http = { ...plugin.http, routes: [], timeoutMs: 5, maxBody: 6, keyHash: 'hidden' };
    const ruled = { ...document('development'), plugins: [{ ...plugin, http }] };
    const [stranger, operator] = [false, true].map((isInCharge) =>
      JSON.stringify(pluginsView(ruled, { isInCharge }, silent)),
    );
    assert.doesNotMatch(stranger ?? '', /"routes"|"maxBody"|hidden/);
    assert.match(operator ?? '', /"routes":\[\],"timeoutMs":5,"maxBody":6/);
    assert.doesNotMatch(operator ?? '', /hidden/);
  });

  it('show what gateways say of an instance to whoever may see instances', () => {
    const reports = new GatewayReports();
    const said = { plugin: 'ships', url: 'http://10.0.0.7:8001', state: 'healthy', inFlight: 3, waiting: 0 };
    reports.accept('one', { instances: [said] });
    const viewed = (mode: MeshDocument['mode']): string =>
      JSON.stringify(
        pluginsView(document(mode), { isInCharge: false }, (id, url) => reports.traffic(id, url)),
      );
    assert.match(viewed('development'), /"traffic":\{"gateways":\{"healthy":1\},"inFlight":3,"waiting":0\}/);
    assert.doesNotMatch(viewed('production'), /traffic/);
  });

  it('show who is asked about requests, but not to strangers', () => {
    const rule = { phase: 'public', order: 1, match: ['/'], onError: 'deny' } as const;
    const middleware = [{ plugin: 'ships', path: '/check', ...rule } as unknown as MiddlewareRule];
    const views = (mode: MeshDocument['mode']) =>
      pluginsView({ ...document(mode), middleware }, { isInCharge: false }, () => undefined) as {
        plugins: object[];
      };
    assert.deepEqual((views('development').plugins[0] as { middleware: object }).middleware, rule);
    assert.ok(!('middleware' in (views('production').plugins[0] ?? {})));
  });

  it('show processes as pm2 lists them', () => {
    const input = {
      document: document('production'),
      isLeading: true,
      isRedisConnected: false,
      redisRights: undefined,
      processes: [managed],
    };
    const stranger = statusView(input, { isInCharge: false }) as { state: string; processes: object[] };
    assert.equal(stranger.state, 'degraded');
    assert.deepEqual(stranger.processes, [{ name: 'ships', kind: 'plugin', status: 'online' }]);
    const operator = statusView(input, { isInCharge: true }) as {
      processes: { pid: number; restarts: number }[];
    };
    assert.equal(operator.processes[0]?.pid, 7);
    assert.equal(operator.processes[0].restarts, 2);
  });
});
