import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLog } from '@plugmesh/shared/log';
import { eventually } from '@plugmesh/shared/testing';
import { HealthChecks } from '../../src/upstream/health-checks.ts';
import { UpstreamInstance } from '../../src/upstream/instance.ts';

const RULES = { intervalMs: 40, recoveryMs: 20, timeoutMs: 100, failures: 3, successes: 2 };

describe('health checks', () => {
  let status = 200;
  let asked = 0;
  const server = createServer((_req, res) => {
    asked += 1;
    if (status > 0) res.writeHead(status).end();
  });
  const checks = new HealthChecks(createLog({ name: 'test', level: 'silent' }), RULES);
  let instance: UpstreamInstance;

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    instance = new UpstreamInstance(`http://127.0.0.1:${port}`, { inFlight: 1, pending: 1, idleMs: 100 });
    checks.start();
    checks.watch([{ instance, path: '/healthz' }]);
  });
  after(() => {
    checks.stop();
    server.closeAllConnections();
    server.close();
  });

  const becomes = (health: string) => eventually(() => instance.health === health, { what: health });

  it('asks a new instance at once', () => becomes('healthy'));

  it('takes 404 for a server that has no health route', async () => {
    status = 404;
    const before = asked;
    await eventually(() => asked > before + 4);
    assert.equal(instance.health, 'healthy');
  });

  it('leaves an instance out after three refusals and takes it back after two successes', async () => {
    status = 503;
    const before = asked;
    await becomes('refusing');
    assert.ok(asked - before >= 3);
    status = 204;
    await becomes('healthy');
  });

  it('counts silence and a closed port as failures', async () => {
    status = 0;
    await becomes('unhealthy');
    status = 200;
    await becomes('healthy');
    server.closeAllConnections();
    server.close();
    await becomes('unhealthy');
  });
});
